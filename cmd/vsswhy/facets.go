package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// facets counts events by the values of fields.
type facets struct {
	fields []query.Field
	counts []map[string]int // by field
	rest   []int            // events whose value had no room, by field
	room   int              // bytes of values that may still be kept
	limit  int
	format string
	w      *bufio.Writer
	notes  io.Writer
}

const (
	defaultFacetLimit = 20
	maxFacetBytes     = 64 << 20 // of all values kept
	facetOverhead     = 64       // what an entry costs beside its value
)

func newFacets(opt *eventsOptions, w *bufio.Writer, notes io.Writer) (*facets, error) {
	fields, err := splitFields(opt.facets)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"text", "jsonl", "csv"}, opt.format) {
		return nil, errFormat(opt.format)
	}
	f := &facets{fields: fields, rest: make([]int, len(fields)), room: maxFacetBytes, limit: cmp.Or(opt.limit, defaultFacetLimit), format: opt.format, w: w, notes: notes}
	for range fields {
		f.counts = append(f.counts, map[string]int{})
	}
	return f, nil
}

// add counts an event once for each of its values.
func (f *facets) add(h hit) {
	for i, field := range f.fields {
		values := query.Values(h.row, field)
		for j, v := range values {
			if !slices.Contains(values[:j], v) {
				f.count(i, v)
			}
		}
	}
}

func (f *facets) count(i int, value string) {
	if _, known := f.counts[i][value]; !known {
		if f.room -= len(value) + facetOverhead; f.room < 0 {
			f.room = 0
			f.rest[i]++
			return
		}
		value = strings.Clone(value) // it would keep the whole batch
	}
	f.counts[i][value]++
}

// A facetCount is one line of the result.
type facetCount struct {
	Field query.Field `json:"field"`
	Value string      `json:"value"`
	Count int         `json:"count"`
}

// end prints the values that have most events, and notes what is left out.
func (f *facets) end() error {
	var lines []facetCount
	for i, field := range f.fields {
		top := f.sorted(i)
		if n := len(top) - f.limit; n > 0 {
			fmt.Fprintf(f.notes, "vsswhy: %s has %d more values; --limit shows more\n", field, n)
			top = top[:f.limit]
		}
		if f.rest[i] > 0 {
			fmt.Fprintf(f.notes, "vsswhy: %s has too many values; %d events are not counted\n", field, f.rest[i])
		}
		lines = append(lines, top...)
	}
	return f.print(lines)
}

// sorted returns the counts of a field, the highest first.
func (f *facets) sorted(i int) []facetCount {
	var list []facetCount
	for _, v := range slices.Sorted(maps.Keys(f.counts[i])) {
		list = append(list, facetCount{f.fields[i], v, f.counts[i][v]})
	}
	slices.SortStableFunc(list, func(a, b facetCount) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

func (f *facets) print(lines []facetCount) error {
	switch f.format {
	case "jsonl":
		for _, l := range lines {
			writeJSONLine(f.w, l)
		}
	case "csv":
		rows := [][]string{{"field", "value", "count"}}
		for _, l := range lines {
			rows = append(rows, cells(string(l.Field), l.Value, fmt.Sprint(l.Count)))
		}
		return csv.NewWriter(f.w).WriteAll(rows)
	default:
		f.printText(lines)
	}
	return nil
}

func (f *facets) printText(lines []facetCount) {
	field := query.Field("")
	for _, l := range lines {
		if l.Field != field {
			field = l.Field
			fmt.Fprintln(f.w, field)
		}
		name := ""
		if c, err := known.ParseCode(l.Value); l.Field == query.Code && err == nil {
			name = c.Name()
		}
		fmt.Fprintf(f.w, "%9d  %s\n", l.Count, strings.TrimRight(event.Clean(l.Value)+" "+name, " "))
	}
}

// countable are the fields of --facets.
var countable = []query.Field{query.Host, query.Provider, query.ID, query.Code, query.Level, query.Channel, query.VM, query.Volume}

// splitFields reads the flag --facets.
func splitFields(list string) ([]query.Field, error) {
	var fields []query.Field
	for name := range strings.SplitSeq(list, ",") {
		f := query.Field(strings.ToLower(strings.TrimSpace(name)))
		if !slices.Contains(countable, f) {
			return nil, fmt.Errorf("--facets: %q is none of %v", name, countable)
		}
		if !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	return fields, nil
}
