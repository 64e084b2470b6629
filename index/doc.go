// Package index is the case: what a scan found, kept in a folder that can be
// opened at once, searched, annotated, and handed to a colleague.
//
// Start with [Open] and [OpenForWriting]. A Scan makes the next generation of
// a case; Find answers a query over its events.
//
// # The folder
//
//	schema.json          what the case is, with the hash of every derived file; schema.copy.json is its copy
//	logs/<sha256>        each log and text artefact once, in seekable zstd frames
//	notes/               what the engineer wrote
//	report.<n>.json      the report of generation n
//	events.<n>.parquet   its events, for DuckDB and pandas too
//	search.<n>.<x>/      its full-text index
//	pseudonyms.json      what redacted reports have in place of names
//	lock, lock.holder    held by the process that writes
//
// Logs and notes are the truth, and pseudonyms can't be made again; all else is derived from the logs, and is made
// again where it is missing, damaged, or of another version.
//
// # Safety
//
// The files of a generation are written, synced, and only then named by the
// schema, which is replaced whole. So the schema is the clean marker and the
// manifest in one: what it names is complete, and what it does not name is left
// over from a process that was killed. Nothing is believed before its hash was
// compared, since neither Parquet nor bleve notice damage by themselves.
//
// A case holds no path of the machine that it was made on: an input is known
// by the last element of its path.
package index
