package store

import (
	"strings"

	"github.com/parquet-go/parquet-go"
)

// A Column is one column of the store, in the order of the file.
type Column int

// The columns: those of numbers, and those of text.
const (
	Time      Column = iota // time: nanoseconds since 1970 in UTC, null if none; the rows are sorted by it
	ID                      // id
	Level                   // level: 1 critical … 5 verbose, 0 audits and classic "Success"
	Record                  // record
	Offset                  // offset
	Recovered               // recovered: 1 if it is left over from earlier records of the log, else 0

	Host     // host
	Channel  // channel
	Provider // provider
	Classic  // classic
	Source   // source
	Job      // job
	VM       // vm: one a line
	Volume   // volume: one a line
	Codes    // codes: "0x800423f4 0x80042301"
	Fields   // fields: "name=value", one a line; see Row
	Message  // message

	columns   = int(Message) + 1
	firstText = Host
	numbers   = int(firstText)
	texts     = columns - numbers
)

// record is the schema of the file: names, types, encodings.
type record struct {
	Time      int64  `parquet:"time,optional,delta,timestamp(nanosecond)"`
	ID        uint32 `parquet:"id,dict"`
	Level     uint8  `parquet:"level,dict"`
	Record    uint64 `parquet:"record,delta"`
	Offset    int64  `parquet:"offset,delta"`
	Recovered uint8  `parquet:"recovered,dict"`
	Host      string `parquet:"host,dict"`
	Channel   string `parquet:"channel,dict"`
	Provider  string `parquet:"provider,dict"`
	Classic   string `parquet:"classic,dict"`
	Source    string `parquet:"source,dict"`
	Job       string `parquet:"job,dict"`
	VM        string `parquet:"vm,dict"`
	Volume    string `parquet:"volume,dict"`
	Codes     string `parquet:"codes,dict"`
	Fields    string `parquet:"fields,plain"`
	Message   string `parquet:"message,plain"`
}

var schema = parquet.SchemaOf(new(record))

// String returns the column's name in the file.
func (c Column) String() string { return schema.Columns()[c][0] }

func (c Column) isText() bool { return c >= firstText }

func (c Column) hasDictionary() bool {
	return c == ID || c == Level || c == Recovered || c >= firstText && c < Fields
}

// values calls f for each value that a text of the column holds, until f
// returns true, and reports whether it did.
func (c Column) values(text string, f func(string) bool) bool {
	switch c {
	case VM, Volume:
		return anyOf(text, "\n", f)
	case Codes:
		return anyOf(text, " ", f)
	case Fields:
		for text != "" {
			field, rest := cutField(text)
			if f(field.Value) {
				return true
			}
			text = rest
		}
		return false
	}
	return f(text)
}

func anyOf(text, separator string, f func(string) bool) bool {
	if text == "" {
		return false
	}
	for s := range strings.SplitSeq(text, separator) {
		if f(s) {
			return true
		}
	}
	return false
}
