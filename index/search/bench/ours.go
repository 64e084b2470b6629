package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/search"
	"github.com/vsswhy/vsswhy/index/search/searchtest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// ours is the index of vsswhy.
type ours struct {
	manifest search.Manifest
	index    *search.Index
}

func (x *ours) build(ctx context.Context, dir string, events func(func(*event.Event) bool)) (err error) {
	x.manifest, err = search.Build(ctx, dir, search.Options{}, func(yield func(search.Document, error) bool) {
		for e := range events {
			row := new(query.EventRow)
			row.Reset(e)
			if !yield(search.Document{Key: search.Key{Source: "System.evtx", Offset: e.Offset}, Row: row}, nil) {
				return
			}
		}
	})
	return err
}

// open searches once, since the first search verifies the hashes.
func (x *ours) open(ctx context.Context, dir string) (err error) {
	if x.index, err = search.Open(dir, x.manifest); err != nil {
		return err
	}
	_, err = x.search(ctx, "id")
	return err
}

var ourQuestions = map[string]search.Request{
	"id":          {Query: parse("id:10102")},
	"provider":    {Query: parse("prov:VMMS")},
	"word":        {Query: parse("freeze")},
	"three words": {Query: parse("backup operation failed")},
	"code":        {Query: parse("code:0x800423f4")},
	"GUID":        {Query: parse(searchtest.MachineID(7))},
	"path":        {Query: parse(`"C:\ClusterStorage\Volume3"`)},
	"substring":   {Query: parse("rddisk")},
	"provider + day, newest 50, 3 facets": {Query: parse("prov:VMMS since:2010-03-14 until:2010-03-15"), Size: 50,
		Facets: []query.Field{query.Host, query.ID, query.Code}},
	"facet of all hosts":    {Query: parse(""), Facets: []query.Field{query.Host}},
	"facet of all machines": {Query: parse(""), Facets: []query.Field{query.VM}},
	"newest 50 of all":      {Query: parse(""), Size: 50},
}

func parse(text string) *query.Query {
	q, err := query.Parse(text)
	if err != nil {
		panic(err) // a mistake in the table above
	}
	return q
}

func (x *ours) search(ctx context.Context, question string) (int, error) {
	r, ok := ourQuestions[question]
	if !ok {
		return 0, fmt.Errorf("no question %q", question)
	}
	res, err := x.index.Search(ctx, r)
	if errors.Is(err, search.ErrNotAnswered) {
		return -1, nil
	}
	return int(res.Total), err
}
