// Package export reads event logs that people exported as text: what PowerShell's
// Get-WinEvent and Get-EventLog, wevtutil and Event Viewer make of events. Start
// with Sniff and Read.
//
//	format   from                                      told by
//	csv      Export-Csv of Get-WinEvent, Get-EventLog  names of properties in the header, which no language changes
//	         Event Viewer, "save as CSV"               a header of five names, rows of six values, an id among them
//	clixml   Export-Clixml of the same                 Objs, and names of properties
//	list     Format-List of the same                   names of properties
//	         wevtutil qe /f:text                       "Event[0]", and a time and an id where they belong
//	         Event Viewer, "copy details as text"      its labels in English
//
// Such a text says less than the log: mostly the fields are missing, and times are
// those of the clock on the wall, in the order of day and month that the exporting
// user's Windows has. Read looks at all dates of a text before it decides for an
// order; what it can't decide is said, and Source.Basis is then BasisUnknown.
// Clixml has fields, and times with their offset.
//
// # Damage
//
//   - DamageRecord: a record without id, provider or time. A loss.
//   - DamageTime: the order of day and month can't be told, or times have no offset. Not a loss.
//   - DamageFields: Clixml with the types of fields in place of their values (a small -Depth). Not a loss.
//   - DamageSyntax: Clixml that is no XML from here on. A loss.
//   - DamageTruncated: Clixml that ends within an object. A loss.
//   - DamageLimit: a line or an object is too long. A loss.
package export
