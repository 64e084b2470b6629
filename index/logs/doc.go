// Package logs keeps the contents of logs: each once, compressed, in a file that
// is named by the SHA-256 of what it holds. Start with [Open], [Folder.Create]
// and [Folder.Open].
//
// # Format
//
// A file is a Zstandard file in the seekable format: frames that stand for
// themselves, and behind them, in a frame that other programs skip, a table of
// their sizes. "zstd -d" unpacks it.
//
//	┌──────────────┬────────────┬────────────┬ ─ ┬────────────────────────────────┐
//	│ frame 0      │ frame 1    │ frame 2    │ … │ seek table                     │
//	│ 4 KiB        │ 1 MiB      │ 1 MiB      │   │ sizes and checksum of each     │
//	└──────────────┴────────────┴────────────┴ ─ ┴────────────────────────────────┘
//	  of content
//
// An event log is a header of 4 KiB and chunks of 64 KiB, and its reader takes
// 16 chunks at a time. The first frame is short so that none of that straddles
// two frames: reading one record costs one frame, and reading the log costs each
// frame once. With 256 KiB a frame, logs take a tenth more room; with 4 MiB, one
// record costs four times as much.
//
// The format is described in contrib/seekable_format of the Zstandard sources
// (zstd_seekable_compression_format.md).
//
// # Promises
//
// A folder may come from a stranger. Names are checked before they reach the file
// system, and nothing outside the folder is opened, nor anything but regular
// files. No more memory is taken than some frames have, whatever a table states.
// Every frame is compared with its checksum when it is unpacked, so that what is
// read is what was written, or [ErrDamaged]. A checksum of 32 bits guards against
// accidents, not against malice; [Folder.Verify] guards against both.
package logs
