// Package store keeps the events of a case in one Parquet file, sorted by
// time, which other tools (DuckDB, pandas, Spark) open as it is.
//
// Start with Create and Open. A Writer takes rows in any order and in any
// number with bounded memory, and the rows of an older store; it stores an
// event once that several logs have. A Reader pages through them by row number,
// finds rows with Scan, and counts values with Facet.
//
// # The file
//
//	"PAR1" │ row group 0 │ row group 1 │ … │ page index, footer, length, "PAR1"
//	└────── part 0 ──────┴── part 1 ───┴─…─┴────────── last part ─────────────┘
//
// A row group has up to 65,536 rows, or 64 MiB of them. The parts are those of
// the Manifest: each has a hash of its own. Columns whose values repeat have a
// dictionary per row group, so that a predicate is asked once per distinct
// value and not once per row. The page index has each row group's times, so
// that a search in a span of time skips the others; and all columns begin a page
// with every 8,192 rows, so that a few rows cost a few pages.
//
// The rows are in the order of time, of the rank of their source (see
// Writer.Write), of offset. Equal times are thus side by side, which is all
// that finding duplicates needs.
//
// # Trust
//
// Parquet's own checks miss damage in the footer and in page headers, and its
// readers allocate what a footer claims. So nothing of a file reaches the
// library before its bytes were compared with the hash in the Manifest, which
// is kept apart from the file; a damaged store is an error and never another
// answer.
//
// # Road not taken
//
// Blocks of our own with columns in memory answer some questions faster, but
// nobody else could open them.
package store
