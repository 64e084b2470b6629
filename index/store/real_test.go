package store

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestRealEvents writes all events of real logs, and reads them again.
func TestRealEvents(t *testing.T) {
	rows := realRows()
	if len(rows) == 0 {
		t.Skipf("no logs in %s", samples)
	}
	r := store(t, shuffled(rows))
	got, want := readAll(t, r), unique(sorted(rows))
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	different := 0
	for i := range want {
		if len(want[i].Fields) == 0 {
			want[i].Fields = nil
		}
		if diff := gocmp.Diff(want[i], got[i]); diff != "" {
			if different++; different < 3 {
				t.Errorf("row %d differs in %d bytes of difference", i, len(diff))
			}
		}
	}
	if different > 0 {
		t.Errorf("%d of %d rows differ", different, len(want))
	}
	const needle = "windows"
	found := plainly(want, func(row *Row) bool {
		for _, f := range row.Fields {
			if strings.Contains(strings.ToLower(f.Value), needle) {
				return true
			}
		}
		return false
	})
	if set := scan(t, r, nil, Contains(Fields, needle)); set.Len() != int64(len(found)) {
		t.Errorf("%d rows with %q, want %d", set.Len(), needle, len(found))
	}
}

// duck asks DuckDB what it sees in a store.
const duck = `
import duckdb, sys
def q(s): print(*duckdb.sql(s.replace("STORE", "'" + sys.argv[1] + "'")).fetchall())
q("select count(*), count(time), count(distinct host), sum(id), sum(level), sum(record % 1000) from STORE")
q("select count(*) from STORE where codes like '%0x800423f4%' and vm like '%SQL 01%'")
q("select count(*) from STORE where contains(fields, 'ClusterStorage') or contains(message, 'ClusterStorage')")
q("select epoch_ns(time), \"offset\", strlen(fields), strlen(message) from STORE order by time desc nulls last, source desc, \"offset\" desc limit 1")
q("select column_name, column_type from (describe select * from STORE) where column_name in ('time', 'id', 'record', 'codes')")
`

// TestDuckDB: others can read it, and see the same.
func TestDuckDB(t *testing.T) {
	if err := exec.Command("python3", "-c", "import duckdb").Run(); err != nil {
		t.Skip("no duckdb for python3")
	}
	rows := sorted(randomRows(31, 70_000))
	path, _ := write(t, rows, Options{})
	out, err := exec.CommandContext(t.Context(), "python3", "-c", duck, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var timed, ids, levels, records, coded, paths int
	for i := range rows {
		if !rows[i].Time.IsZero() {
			timed++
		}
		ids += int(rows[i].ID)
		levels += int(rows[i].Level)
		records += int(rows[i].Record % 1000)
		coded += strings.Count(textOf(&rows[i], Codes), "0x800423f4")
		if strings.Contains(textOf(&rows[i], Fields)+rows[i].Message, "ClusterStorage") {
			paths++
		}
	}
	last := rows[len(rows)-1]
	want := fmt.Sprintf("(%d, %d, 5, %d, %d, %d)\n(%d,)\n(%d,)\n(%d, %d, %d, %d)\n", len(rows), timed, ids, levels, records, coded, paths,
		last.Time.UnixNano(), last.Offset, len(textOf(&last, Fields)), len(last.Message)) +
		"('time', 'TIMESTAMPTZ_NS') ('id', 'UINTEGER') ('record', 'UBIGINT') ('codes', 'VARCHAR')\n"
	if diff := gocmp.Diff(want, string(out)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
