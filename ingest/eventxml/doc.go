// Package eventxml reads event logs exported as XML: what wevtutil and Event
// Viewer write, with or without a root element, as UTF-8, UTF-16 or in a code
// page. Start with Sniff and Read.
//
// The forms, all in the event schema
// (https://learn.microsoft.com/windows/win32/wes/eventschema-schema):
//
//	<?xml … ?><Events><Event …>…</Event>…</Events>   Event Viewer; wevtutil qe /e:Events
//	<Event …>…</Event><Event …>…</Event>             wevtutil qe /f:xml: no root
//	… <RenderingInfo Culture='…'><Message>…          wevtutil qe /f:RenderedXml
//
// It is a scanner for this schema, not a general XML parser: some twenty times as
// fast as encoding/xml, which the tests hold against it. Where XML and this
// reader differ, the reader is the more lenient: it takes several roots, keeps
// control characters, leaves unknown entities as they are written, and after a
// syntax error goes on with the next event.
//
// Elements and attributes become fields as in package evtx, so that the same
// record gives the same Event from a log and from its export, but for line ends:
// a log keeps "\r\n", of which XML leaves "\n". What compares values of both, or
// hashes them, must fold the line ends first.
//
// # Encodings
//
// UTF-16 is known by its byte order mark or by the zero byte beside the first
// character, and converted on the way in. All else is scanned as bytes (markup
// is ASCII in every code page that Windows uses), and each text is converted by
// itself: from the encoding that the XML declaration names, if it names one
// other than UTF-8; else it is UTF-8; and where it is not valid UTF-8, it is what
// a console wrote: code page 850 or 1252, whichever makes more of its bytes
// letters (see legacy).
//
// # Damage
//
//   - DamageTruncated: the source ends inside an event, or before the root ends
//     (lost), or in half a character of UTF-16.
//   - DamageSyntax: an event that breaks XML's syntax, or the rest of one (lost);
//     text between events.
//   - DamageRecord: an event without System or EventID (lost, Undecodable); a
//     System property that is not of its type, and was left zero.
//   - DamageLimit: an event above maxEvent, maxDepth or maxAttrs (lost); too many
//     names for Streams; more damage than is listed.
//   - DamageEncoding: text that is not in the declared encoding.
//   - DamageUnsupported: a document type declaration, which is skipped: its
//     entities are never expanded.
package eventxml
