// Package event holds the nouns that every layer of vsswhy shares: the Event
// and where it stands (Ref, Source), the Batch in which events travel, the
// Interest that says which events are wanted, the Fact that a text artefact
// states, and Clean, the one sanitiser for text that goes to people.
//
// It imports the standard library alone. Start with Event and Batch.
//
// # Words
//
//   - A source is one file or archive member: a log, or a text artefact.
//   - A record is one entry of a log as stored; an event is a record decoded.
//   - A stream is what one source holds of one channel of one computer.
//   - A fact is a statement of a text artefact, such as a hotfix list.
//   - Damage is what is wrong with a source; it is a loss only where records
//     could not be read.
package event
