// Package search is the full-text index of a case: bleve, with documents made
// by hand. It answers the queries of package query over events and findings
// without reading the store.
//
// Start with Build and Open. Build makes a folder hold exactly the documents
// that it is given, and does over only what an older index or an interrupted
// Build has not done. Index.Search answers a query.
//
// # What is in a document
//
//	id       event or finding; source and offset, or the finding's key
//	fields   host prov classic chan id level code vm vol job issue verdict, as written
//	word     the runs of letters of all texts, in lower case
//	num      the runs of letters and digits that read as numbers; see tokens.go
//	when     its month, day, hour, ten minutes and minute, for ranges; see times.go
//	time     its time, for order
//	kind     event or finding
//	labels   a digest of what may change while the log does not: job, machines, …
//
// Nothing is stored but the id; there are no positions, frequencies, document
// values, numbers and dates, which cost more than all the words. Terms of a
// field stand as the row has them: a query's own comparison is asked once for
// every distinct value of a field, so that there is no second notion of what
// is equal.
//
// # Exact, and not
//
// Names, ids, codes, labels and times are answered exactly. Text is a part of
// a value anywhere, and an index knows words: its answer has every row that
// matches, and some that do not. Result.Exact says which it is; if it is false,
// ask the query's Match of the rows. A query of which the index can say
// nothing useful, such as a regular expression alone, is ErrNotAnswered.
//
// # Trust
//
// bleve opens a segment with flipped bytes and answers wrongly, or panics, also
// in goroutines of its own. So Search compares all files with the Manifest
// before bleve sees the first; an index is opened read-only, where bleve starts
// no merging; and what panics or faults while it is read is an error. Build
// belongs in a process of its own: there bleve merges in the background, and no
// caller can recover a panic of that.
//
// # Road not taken
//
// bleve's own searchers and collector: their facets and order read a document
// value for each hit, which takes 0.1 to 0.3 s a million, and values that are
// kept for that make the index larger by a fifth. Here a query becomes a bitmap
// per segment, out of bleve's dictionaries and posting lists; a facet is the size of
// intersections, and the newest hits are found through the terms of when.
package search
