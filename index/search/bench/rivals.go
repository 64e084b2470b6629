package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2"
	bquery "github.com/blevesearch/bleve/v2/search/query"
	_ "modernc.org/sqlite"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/search/searchtest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// text is all texts of an event in which free text is searched.
func text(e *event.Event) string {
	row := new(query.EventRow)
	row.Reset(e)
	var b strings.Builder
	row.AnyText(func(s string) bool {
		b.WriteString(s)
		b.WriteByte('\n')
		return false
	})
	return b.String()
}

func valuesOf(e *event.Event, f query.Field) []string {
	row := new(query.EventRow)
	row.Reset(e)
	return query.Values(row, f)
}

// defaultBleve is bleve as its documentation begins: maps, and its default
// mapping.
type defaultBleve struct{ index bleve.Index }

const defaultBatch = 1000

func (x *defaultBleve) build(_ context.Context, dir string, events func(func(*event.Event) bool)) error {
	index, err := bleve.New(dir, bleve.NewIndexMapping())
	if err != nil {
		return err
	}
	batch := index.NewBatch()
	for e := range events {
		err = batch.Index(strconv.FormatInt(e.Offset, 10), map[string]any{
			"host": e.Computer, "provider": e.Provider, "channel": e.Channel, "id": int(e.ID), "level": int(e.Level), "time": e.Time,
			"codes": valuesOf(e, query.Code), "machines": valuesOf(e, query.VM), "text": text(e),
		})
		if err == nil && batch.Size() == defaultBatch {
			err = index.Batch(batch)
			batch.Reset()
		}
		if err != nil {
			return err
		}
	}
	if err := index.Batch(batch); err != nil {
		return err
	}
	return index.Close()
}

func (x *defaultBleve) open(_ context.Context, dir string) (err error) {
	x.index, err = bleve.Open(dir)
	return err
}

func (x *defaultBleve) search(ctx context.Context, question string) (int, error) {
	match := func(field, text string) bquery.Query {
		q := bleve.NewMatchQuery(text)
		q.SetField(field)
		q.SetOperator(bquery.MatchQueryOperatorAnd)
		return q
	}
	id := 10102.
	yes := true
	number := bleve.NewNumericRangeInclusiveQuery(&id, &id, &yes, &yes)
	number.SetField("id")
	wild := bleve.NewWildcardQuery("*rddisk*")
	wild.SetField("text")
	day := bleve.NewDateRangeQuery(searchtest.Start.AddDate(0, 0, 13), searchtest.Start.AddDate(0, 0, 14))
	day.SetField("time")
	provider := match("provider", "VMMS")
	r := map[string]*bleve.SearchRequest{
		"id": bleve.NewSearchRequest(number), "provider": bleve.NewSearchRequest(provider),
		"word":                                bleve.NewSearchRequest(match("text", "freeze")),
		"three words":                         bleve.NewSearchRequest(match("text", "backup operation failed")),
		"code":                                bleve.NewSearchRequest(match("codes", "0x800423f4")),
		"GUID":                                bleve.NewSearchRequest(match("text", searchtest.MachineID(7))),
		"path":                                bleve.NewSearchRequest(match("text", `C:\ClusterStorage\Volume3`)),
		"substring":                           bleve.NewSearchRequest(wild),
		"provider + day, newest 50, 3 facets": bleve.NewSearchRequest(bleve.NewConjunctionQuery(provider, day)),
		"facet of all hosts":                  bleve.NewSearchRequest(bleve.NewMatchAllQuery()),
		"facet of all machines":               bleve.NewSearchRequest(bleve.NewMatchAllQuery()),
		"newest 50 of all":                    bleve.NewSearchRequest(bleve.NewMatchAllQuery()),
	}[question]
	r.Score = "none"
	facets := map[string][]string{"provider + day, newest 50, 3 facets": {"host", "id", "codes"}, "facet of all hosts": {"host"}, "facet of all machines": {"machines"}}
	for _, f := range facets[question] {
		r.AddFacet(f, bleve.NewFacetRequest(f, 20))
	}
	r.Size = 0
	if strings.Contains(question, "newest") {
		r.Size = 50
		r.SortBy([]string{"-time"})
	}
	res, err := x.index.SearchInContext(ctx, r)
	if err != nil {
		return 0, err
	}
	return int(res.Total), nil
}

// sqlite is SQLite in pure Go: columns with indexes, and an FTS5 table without
// content and positions, which is what is most like our index.
type sqlite struct{ db *sql.DB }

const schema = `
	create table events (id integer primary key, host text, provider text, channel text, event integer, level integer, time integer);
	create table codes (code text, id integer);
	create table machines (machine text, id integer);
	create virtual table words using fts5(text, content='', detail=none);`

const indexes = `
	create index by_host on events(host); create index by_provider on events(provider, time); create index by_event on events(event);
	create index by_time on events(time); create index by_code on codes(code, id); create index by_machine on machines(machine, id);`

func (x *sqlite) build(ctx context.Context, dir string, events func(func(*event.Event) bool)) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := x.open(ctx, dir); err != nil {
		return err
	}
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(schema); err != nil {
		return err
	}
	in, err := prepareInserts(tx)
	if err != nil {
		return err
	}
	for e := range events {
		if err := in.add(e); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(indexes); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return x.db.Close()
}

type inserts struct{ event, code, machine, words *sql.Stmt }

func prepareInserts(tx *sql.Tx) (in inserts, err error) {
	for _, s := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&in.event, "insert into events values (?,?,?,?,?,?,?)"}, {&in.code, "insert into codes values (?,?)"},
		{&in.machine, "insert into machines values (?,?)"}, {&in.words, "insert into words(rowid, text) values (?,?)"},
	} {
		if *s.to, err = tx.Prepare(s.text); err != nil {
			return in, err
		}
	}
	return in, nil
}

func (in *inserts) add(e *event.Event) error {
	_, err := in.event.Exec(e.Offset, e.Computer, e.Provider, e.Channel, e.ID, e.Level, e.Time.UnixNano())
	for _, c := range valuesOf(e, query.Code) {
		if err == nil {
			_, err = in.code.Exec(c, e.Offset)
		}
	}
	for _, m := range valuesOf(e, query.VM) {
		if err == nil {
			_, err = in.machine.Exec(m, e.Offset)
		}
	}
	if err == nil {
		_, err = in.words.Exec(e.Offset, text(e))
	}
	return err
}

func (x *sqlite) open(_ context.Context, dir string) (err error) {
	x.db, err = sql.Open("sqlite", filepath.Join(dir, "db")+"?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-65536)")
	if err == nil {
		x.db.SetMaxOpenConns(1)
	}
	return err
}

func (x *sqlite) search(ctx context.Context, question string) (int, error) {
	from, to := searchtest.Start.AddDate(0, 0, 13).UnixNano(), searchtest.Start.AddDate(0, 0, 14).UnixNano()
	vmms := fmt.Sprintf("from events where provider = 'Microsoft-Windows-Hyper-V-VMMS' and time >= %d and time < %d", from, to)
	words := func(expr string) []string {
		return []string{"select count(*) from words where words match '" + expr + "'"}
	}
	statements := map[string][]string{
		"id":          {"select count(*) from events where event = 10102"},
		"provider":    {"select count(*) from events where provider = 'Microsoft-Windows-Hyper-V-VMMS'"},
		"word":        words("freeze"),
		"three words": words("backup AND operation AND failed"),
		"code":        {"select count(*) from codes where code = '0x800423f4'"},
		"GUID":        words(strings.ReplaceAll(searchtest.MachineID(7), "-", " ")),
		"path":        words("c clusterstorage volume3"),
		"provider + day, newest 50, 3 facets": {"select count(*) " + vmms, "select id, time " + vmms + " order by time desc limit 50",
			"select host, count(*) " + vmms + " group by host", "select event, count(*) " + vmms + " group by event",
			"select code, count(*) from codes where id in (select id " + vmms + ") group by code"},
		"facet of all hosts":    {"select count(*) from events", "select host, count(*) from events group by host"},
		"facet of all machines": {"select count(*) from events", "select machine, count(*) from machines group by machine"},
		"newest 50 of all":      {"select count(*) from events", "select id, time from events order by time desc limit 50"},
	}[question]
	if statements == nil {
		return -1, nil // FTS5 knows no parts of words without a trigram index
	}
	n := 0
	if err := x.db.QueryRowContext(ctx, statements[0]).Scan(&n); err != nil {
		return 0, err
	}
	for _, s := range statements[1:] {
		if err := x.drain(ctx, s); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func (x *sqlite) drain(ctx context.Context, statement string) error {
	rows, err := x.db.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a, b any
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
	}
	return rows.Err()
}
