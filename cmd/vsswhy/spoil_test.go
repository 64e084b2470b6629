package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/tools/txtar"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
)

var every = flag.Bool("every", false, "spoil the cases in every way, and not in ten")

// mayRise has the cases, and of each the file, whose loss the domain's documents
// decide otherwise.
var mayRise = map[string]string{
	// Few computers have this log, and a shadow copy of a machine in saved state
	// has nothing to revert.
	"iscsi-ruled-out-saved": "Microsoft-Windows-Backup.evtx",
	// A file's version outranks the list of updates, which decides without it.
	"iscsi-ruled-out-fixed": "vmms-version.txt",
	// Nothing else tells that the clocks differ.
	"csv-possible-skewed": "High-Availability-Admin.evtx",
	// The missing path shows in events of its own; only a lost volume explains it.
	"differential-csv-lost-checkpoint": "System.evtx",
}

// decided reports whether the documents decide what a change of the case makes of it.
func (c *triageCase) decided(change string) bool {
	file, ok := mayRise[c.name]
	return ok && strings.Contains(change, file)
}

// TestSpoiltCases: whatever is taken from a case (an event, with the gap that it
// leaves; the older half of a log; a file), however the clock of one
// computer goes, no rule confirms what it did not confirm before.
func TestSpoiltCases(t *testing.T) {
	for _, file := range caseNames(t) {
		c := readCase(t, file)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := c.strongest(t)
			for _, s := range c.spoilt(t) {
				if c.decided(s.name) {
					continue
				}
				for rule, v := range s.strongest(t) {
					if v == rules.Confirmed && before[rule] < v {
						t.Errorf("%s: %s is confirmed, was %v", s.name, rule, before[rule])
					}
				}
			}
		})
	}
}

// TestDamagedCases: the end of a log that was overwritten confirms nothing either.
func TestDamagedCases(t *testing.T) {
	for _, file := range caseNames(t) {
		c := readCase(t, file)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := c.strongest(t)
			rng := rand.New(rand.NewPCG(5, uint64(len(c.files))))
			for i, f := range c.files {
				if strings.ToLower(path.Ext(f.Name)) != ".evtx" || c.decided(f.Name) {
					continue
				}
				_, log := content(t, f, asEVTX)
				used := bytes.LastIndexFunc(log, func(r rune) bool { return r != 0 })
				at := evtxHeader + rng.IntN(used-evtxHeader)
				clear(log[at:])
				damaged := c.with(i, fmt.Sprintf("%s lost from %d", f.Name, at), txtar.File{Name: f.Name + ".log", Data: log})
				for rule, v := range damaged.strongest(t) {
					if v == rules.Confirmed && before[rule] < v {
						t.Errorf("%s: %s is confirmed, was %v", damaged.name, rule, before[rule])
					}
				}
			}
		})
	}
}

// evtxHeader is the size of a log file's own header.
const evtxHeader = 4096

// TestTranslatedCases: no word of what VSS and SQL Server log matters, and no name
// of a computer or machine does.
func TestTranslatedCases(t *testing.T) {
	for _, file := range caseNames(t) {
		c := readCase(t, file)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, change := range map[string]func(string) string{"translated": translate, "renamed": rename} {
				changed := &triageCase{name: c.name}
				for _, e := range c.expect {
					changed.expect = append(changed.expect, rename(e))
				}
				if name == "translated" {
					changed.expect = c.expect
				}
				for _, f := range c.files {
					changed.files = append(changed.files, txtar.File{Name: change(f.Name), Data: []byte(change(string(f.Data)))})
				}
				changed.check(t, name, changed.pack(t))
			}
		})
	}
}

// strongest are the strongest verdicts of a case, by rule.
func (c *triageCase) strongest(t *testing.T) map[string]rules.Verdict {
	t.Helper()
	_, stdout, stderr := runMain(t, "scan", "--format", "json", c.pack(t))
	var r report.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%s: %v\n%s", c.name, err, stderr)
	}
	best := map[string]rules.Verdict{}
	for _, f := range r.Findings {
		v, err := rules.ParseVerdict(f.Verdict)
		if err != nil {
			t.Fatal(err)
		}
		best[f.Rule] = max(best[f.Rule], v)
	}
	return best
}

// pack writes the case's bundle, and returns its path.
func (c *triageCase) pack(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.zip")
	if err := os.WriteFile(file, packZip(t, c.tree(t, asEVTX)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// spoilt are the case with something taken from it: ten of them, always the same,
// unless all are asked for.
func (c *triageCase) spoilt(t *testing.T) []*triageCase {
	var list []*triageCase
	for i, f := range c.files {
		list = append(list, c.with(i, "without "+f.Name))
		if !isCaseLog(f.Name) {
			continue
		}
		lines := caseLines(f)
		half := len(lines) / 2
		list = append(list, c.with(i, "the newer half of "+f.Name, renumber(f.Name, lines[half:], half)))
		for n := range len(lines) - 1 { // after the last there is no gap
			kept := string(renumber("", lines[:n], 0).Data) + string(renumber("", lines[n+1:], n+1).Data)
			list = append(list, c.with(i, fmt.Sprintf("%s without event %d", f.Name, n+1), txtar.File{Name: f.Name, Data: []byte(kept)}))
		}
	}
	computers := c.computers()
	if len(computers) == 1 {
		computers = nil // times within its events would contradict it
	}
	for _, host := range computers {
		for _, by := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
			list = append(list, c.shifted(t, host, by))
		}
	}
	if *every {
		return list
	}
	rng := rand.New(rand.NewPCG(3, 4))
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), 10)]
}

// with is the case with other files in the place of one.
func (c *triageCase) with(i int, name string, files ...txtar.File) *triageCase {
	return &triageCase{name: name, files: slices.Concat(c.files[:i], files, c.files[i+1:])}
}

func isCaseLog(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".evtx" || ext == ".evt"
}

func caseLines(f txtar.File) []string {
	var lines []string
	for line := range strings.Lines(string(f.Data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}

// renumber makes a log of lines that keep the record numbers that they had.
func renumber(name string, lines []string, skipped int) txtar.File {
	var b bytes.Buffer
	for i, line := range lines {
		if i == 0 && skipped > 0 && !strings.Contains(line, " #") {
			words := strings.SplitN(line, " ", 4)
			words[2] += fmt.Sprintf(" #%d", 1001+skipped)
			line = strings.Join(words, " ")
		}
		fmt.Fprintln(&b, line)
	}
	return txtar.File{Name: name, Data: b.Bytes()}
}

// computers lists those that wrote the case's logs.
func (c *triageCase) computers() []string {
	var names []string
	for _, f := range c.files {
		for _, line := range caseLines(f) {
			if name := caseWords(line); isCaseLog(f.Name) && len(name) > 1 && !slices.Contains(names, name[1]) {
				names = append(names, name[1])
			}
		}
	}
	return names
}

// shifted is the case with one computer's clock off.
func (c *triageCase) shifted(t *testing.T, computer string, by time.Duration) *triageCase {
	s := &triageCase{name: fmt.Sprintf("%s off by %v", computer, by)}
	for _, f := range c.files {
		if isCaseLog(f.Name) {
			var b bytes.Buffer
			for _, line := range caseLines(f) {
				when, rest, _ := strings.Cut(line, " ")
				if at, err := time.Parse(time.RFC3339Nano, when); err == nil && strings.HasPrefix(rest, computer+" ") {
					when = at.Add(by).Format(time.RFC3339Nano)
				}
				fmt.Fprintln(&b, when, rest)
			}
			f.Data = b.Bytes()
		}
		s.files = append(s.files, f)
	}
	return s
}

var spokenEvent = regexp.MustCompile(`(?m)^\S+ \S+ (VSS|MSSQL\S*|SQLWRITER|SQLVDI)/\d+ .*$`)

// translate puts other letters in the place of words in events whose texts
// Windows translates. What has a digit, or is part of a path, is no word.
func translate(text string) string {
	return spokenEvent.ReplaceAllStringFunc(text, func(line string) string {
		words := strings.Split(line, " ")
		for i := 3; i < len(words); i++ {
			w := words[i]
			if !strings.ContainsAny(w, `0123456789\=@{}[]`) && strings.ContainsFunc(w, unicode.IsLetter) {
				words[i] = strings.Map(func(r rune) rune {
					if unicode.IsLetter(r) {
						return 'ж'
					}
					return r
				}, w)
			}
		}
		return strings.Join(words, " ")
	})
}

// rename gives every computer, machine and volume of the cases another name.
var rename = strings.NewReplacer("NODE-A", "ZEUS", "NODE-B", "ATHENE07", "HV01", "kvm-host", "FS03", "app_SRV", "FILE07", "D-42",
	"0B0E7A58-6D6C", "9D11C0DE-7777", "2B0E7A58-6D6C", "AAAAC0DE-7777", "Volume1", "Volume31").Replace
