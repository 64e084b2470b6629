// Package query is the one search language of vsswhy, for event lists on the
// command line and on screen.
//
// Start with Parse and (*Query).Compile. A Query is asked of Rows; EventRow is
// the Row of a decoded event. Interest tells readers which events a query can
// match at all, so that the others need not be decoded. Resolve shows what a
// query means to those that answer it without asking row by row.
//
// # The language
//
//	host:HV01 id:10102-10111 prov:vmms level<=2 since:22:00 -"no error" /0x8004230[0-9a-f]/
//
// Terms that stand side by side must all match; OR stands between
// alternatives, and binds less. Brackets group, and - or NOT negates the term
// or bracket that follows. AND may be written. The three words count in
// capitals only.
//
//	host:HV01             computer: its full name, or the first label of a DNS name
//	prov:vmms             provider, or the source of a classic event; see below
//	chan:System           channel; see below
//	id:8229,10102-10111   event ids and ranges of them
//	level<=2 level:error  severity by number or name, with : = <= < >= >
//	code:0x800423f4       an error code in the event's fields, in any spelling
//	vm:"SQL 01"           virtual machine: its name or id
//	vol:Volume1           cluster shared volume by its plain name
//	job: issue: verdict:  of the job or the finding that the event belongs to, where rows know it
//	since: until:         time in UTC; since is inclusive, until exclusive
//	word "two words"      text in a field's value, or in provider, channel, computer or message; a number is also an event id
//	/re/                  the same with a regular expression (RE2), case counts unless it begins with (?i)
//
// A comma between values means any of them. Names compare without regard to
// case, and one that ends in * stands for all names that begin so. For prov:
// and chan: what all of Microsoft's names begin with may be left out:
// Microsoft-Windows-Hyper-V-VMMS is also Hyper-V-VMMS, and VMMS. An event of
// level 0, as audits and classic sources have, counts as information (4).
//
// Times are 2010-03-14, 2010-03-14T22:00, with seconds and fractions and a Z
// if you like; 22:00, which is on the day of the last event; -2h, which is
// before the last event (s, m, h, d, w, also combined); and until:+30m, which
// is after the since: of the same brackets or those around. An event without a
// time is before all others.
//
// In quotes \" is a quotation mark and \\ a backslash; other backslashes stand
// for themselves, since paths have many. Between slashes \/ is a slash. Text
// that looks like another term must be quoted.
package query
