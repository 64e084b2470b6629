package main

import (
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/vsswhy/vsswhy"

// layers is the import table: which packages of this module, and which outside
// the standard library, each package may import. A new arrow is a decision: it
// is made here, and in ARCHITECTURE.md.
var layers = map[string][]string{
	"ingest/event":         {},
	"ingest/known":         {},
	"ingest/evtx":          {"ingest/event"},
	"ingest/evtx/evtxtest": {},
	"ingest/evt":           {"ingest/event"},
	"ingest/evt/evttest":   {},
	"ingest/mta":           {"ingest/event"},
	"ingest/mta/mtatest":   {},
	"ingest/export":        {"ingest/event", "golang.org/x/text"},
	"ingest/eventxml":      {"ingest/event", "golang.org/x/text"},
	"ingest/artefact":      {"ingest/event", "golang.org/x/text"},
	"ingest/archive": {"ingest/event", "ingest/archive/cab", "ingest/archive/deflate64", "github.com/bodgit/sevenzip", "github.com/klauspost/compress",
		"github.com/mikelolasagasti/xz", "github.com/nwaples/rardecode/v2", "golang.org/x/text"},
	"ingest":                          {"ingest/event", "ingest/evtx", "ingest/evt", "ingest/mta", "ingest/export", "ingest/eventxml", "ingest/artefact", "ingest/archive"},
	"rules/jsonschema":                {},
	"rules/jsonschema/jsonschematest": {"github.com/santhosh-tekuri/jsonschema/v6"},
	"rules/report":                    {"ingest/event", "ingest/known", "rules/jsonschema"}, // Clean: a report may come from a case of a stranger; known: what no customer has named
	"rules/ecs":                       {"ingest/event", "rules/report"},
	"rules/scene":                     {"ingest/event", "ingest/known"},
	"rules/builtin":                   {},
	"rules":                           {"ingest/event", "ingest/known", "rules/scene", "rules/report", "rules/jsonschema", "go.yaml.in/yaml/v4"},
	"index/query":                     {"ingest/event", "ingest/known", "rules/scene"},
	"index/query/querytest":           {"ingest/event", "ingest/known", "rules/scene"},
	"index/logs":                      {"github.com/SaveTheRbtz/zstd-seekable-format-go/pkg", "github.com/klauspost/compress"},
	"index/notes":                     {},
	"index/search": {"ingest/event", "ingest/known", "index/query", "github.com/blevesearch/bleve/v2", "github.com/blevesearch/bleve_index_api",
		"github.com/blevesearch/scorch_segment_api/v2", "github.com/RoaringBitmap/roaring/v2", "go.etcd.io/bbolt", "golang.org/x/sync"},
	"index/search/searchtest": {"ingest/event"},
	"index/answer":            {"ingest/event", "ingest/known", "index/query", "index/store"},
	"index/store":             {"ingest/event", "ingest/known", "github.com/parquet-go/parquet-go", "github.com/klauspost/compress"},
	"index": {"ingest", "ingest/event", "ingest/known", "index/answer", "index/logs", "index/notes", "index/query", "index/search", "index/store", "rules/report", "rules/scene",
		"github.com/gofrs/flock"},
	"tui": {"ingest/event", "ingest/known", "rules/report", "index", "index/notes", "index/query", "index/store", "charm.land/bubbletea/v2", "charm.land/bubbles/v2",
		"charm.land/lipgloss/v2", "github.com/charmbracelet/x/ansi"},
	"cmd/vsswhy": {"tui", "index", "index/notes", "index/search", "ingest", "ingest/event", "ingest/known", "index/query", "index/store", "rules", "rules/builtin", "rules/ecs", "rules/report", "rules/scene",
		"github.com/gofrs/flock", "github.com/spf13/cobra", "github.com/spf13/pflag", "go.yaml.in/yaml/v4", "golang.org/x/term", "golang.org/x/text"},

	"ingest/archive/cab":         {"github.com/klauspost/compress"},
	"ingest/archive/cab/cabtest": {},
	"ingest/archive/deflate64":   {},
}

// TestImportTable reads the files itself, so that the test cache sees a change.
func TestImportTable(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != root && (strings.HasPrefix(name, ".") && name != "." && name != ".." || name == "testdata") {
			return filepath.SkipDir
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != root {
			return filepath.SkipDir // a module of its own
		}
		checkPackage(t, root, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkPackage(t *testing.T, root, dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
	if len(files) == 0 {
		return
	}
	rel, _ := filepath.Rel(root, dir)
	pkg := filepath.ToSlash(rel)
	allowed, known := layers[pkg]
	if !known {
		t.Errorf("package %s is not in the import table", pkg)
		return
	}
	documented := false
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Error(err)
			continue
		}
		documented = documented || f.Doc != nil
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if name := strings.TrimPrefix(path, module+"/"); !allows(allowed, name) {
				t.Errorf("%s imports %s, which the import table does not allow", file, path)
			}
		}
	}
	if !documented {
		t.Errorf("package %s has no documentation", pkg)
	}
}

// allows: the standard library is open to all; a library's packages come with
// its module.
func allows(allowed []string, path string) bool {
	if inStandardLibrary(path) {
		return true
	}
	return slices.ContainsFunc(allowed, func(a string) bool {
		return path == a || strings.Contains(a, ".") && strings.HasPrefix(path, a+"/")
	})
}

func inStandardLibrary(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	if strings.Contains(first, ".") {
		return false
	}
	info, err := os.Stat(filepath.Join(build.Default.GOROOT, "src", filepath.FromSlash(path)))
	return err == nil && info.IsDir()
}
