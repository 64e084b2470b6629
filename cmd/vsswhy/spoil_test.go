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

// mayRise has what the domain's documents decide otherwise: the verdict that a rule
// comes to in a case when a file is lost, or a part of it.
var mayRise = []struct {
	of, file, rule string
	to             rules.Verdict
}{
	// Few computers have this log, and a shadow copy of a machine in saved state
	// has nothing to revert.
	{"iscsi-ruled-out-saved", "HV01/Microsoft-Windows-Backup.evtx", "kb975354-1", rules.Confirmed},
	// A file's version outranks the list of updates, which decides without it.
	{"iscsi-ruled-out-fixed", "HV01/vmms-version.txt", "kb975354-1", rules.Confirmed},
	// Nothing else tells that the clocks differ.
	{"csv-possible-skewed", "NODE-A.zip/Microsoft-Windows-Hyper-V-High-Availability-Admin.evtx", "kb975354-2", rules.Confirmed},
	{"csv-possible-skewed", "NODE-B.zip/Microsoft-Windows-Hyper-V-High-Availability-Admin.evtx", "kb975354-2", rules.Confirmed},
	// The missing path shows in events of its own; only a lost volume explains it.
	{"differential-csv-lost-checkpoint", "NODE-A/System.evtx", "checkpoint-file-missing", rules.Confirmed},

	// One thing that discriminates makes an issue likely, whatever else is unknown.
	// That the guest runs Windows Server 2003 does, for issue 1.
	{"lookalike-no-iscsi", "FS03/iscsi.txt", "kb975354-1", rules.Likely},
	// The requester's 0x800423f4 is an anchor, too, where no other writer's is seen.
	{"lookalike-other-writer", "HV01/Application.evtx", "kb975354-1", rules.Likely},
	// That the other node took the volume does, for issue 2. Here it is not known
	// whether this node took it later,
	{"csv-possible-skewed", "NODE-A.zip/Microsoft-Windows-FailoverClustering%4Operational.evtx", "kb975354-2", rules.Likely},
	// or had released it before,
	{"csv-possible-released", "NODE-A.zip/Microsoft-Windows-FailoverClustering%4Operational.evtx", "kb975354-2", rules.Likely},
	// or lost its storage;
	{"csv-ruled-out-storage", "NODE-A.zip/System.evtx", "kb975354-2", rules.Likely},
	// or on which disk it lies, and then its name decides.
	{"csv-ruled-out-other-disk", "NODE-A.zip/Microsoft-Windows-FailoverClustering%4Operational.evtx", "kb975354-2", rules.Likely},
	// That the host's backup reached the application does, for issue 3.
	{"guest-backup-ruled-out-setting", "SQL01/vss.reg", "kb975354-3", rules.Likely},
}

// mayRise is the verdict that a rule may come to by a change of the case.
func (c *triageCase) mayRise(change, rule string) rules.Verdict {
	most := rules.Possible
	for _, r := range mayRise {
		if r.of == c.name && r.rule == rule && strings.Contains(change, r.file) {
			most = max(most, r.to)
		}
	}
	return most
}

// checkRises reports the rules that are likely or confirmed in a spoilt case, and
// were not in the case itself.
func (c *triageCase) checkRises(t *testing.T, before map[string]rules.Verdict, spoilt *triageCase) {
	t.Helper()
	for rule, v := range spoilt.strongest(t) {
		if v > max(before[rule], c.mayRise(spoilt.name, rule)) {
			t.Errorf("%s: %s is %v, was %q", spoilt.name, rule, v, before[rule])
		}
	}
}

// TestMayRise: what is decided otherwise is so still.
func TestMayRise(t *testing.T) {
	for _, r := range mayRise {
		t.Run(r.of+" "+r.rule, func(t *testing.T) {
			t.Parallel()
			c := readCase(t, filepath.Join(casesDir, "src", r.of+".txt"))
			i := slices.IndexFunc(c.files, func(f txtar.File) bool { return f.Name == r.file })
			if i < 0 {
				t.Fatalf("there is no file %s", r.file)
			}
			before, after := c.strongest(t)[r.rule], c.with(i, "without "+r.file).strongest(t)[r.rule]
			if before >= r.to || after != r.to {
				t.Errorf("without %s the verdict is %q, and not %v; it was %q", r.file, after, r.to, before)
			}
		})
	}
}

// TestSpoiltCases: whatever is taken from a case (an event, with the gap that it
// leaves; the older half of a log; a file), however the clock of one
// computer goes, no rule confirms what it did not confirm before, and none finds
// likely what it found possible at most.
func TestSpoiltCases(t *testing.T) {
	for _, file := range caseNames(t) {
		c := readCase(t, file)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := c.strongest(t)
			for _, s := range c.spoilt(t) {
				c.checkRises(t, before, s)
			}
		})
	}
}

// TestDamagedCases: the end of a log that was overwritten makes nothing likely either.
func TestDamagedCases(t *testing.T) {
	for _, file := range caseNames(t) {
		c := readCase(t, file)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := c.strongest(t)
			rng := rand.New(rand.NewPCG(5, uint64(len(c.files))))
			for i, f := range c.files {
				if strings.ToLower(path.Ext(f.Name)) != ".evtx" {
					continue
				}
				_, log := content(t, f, asEVTX)
				used := bytes.LastIndexFunc(log, func(r rune) bool { return r != 0 })
				at := evtxHeader + rng.IntN(used-evtxHeader)
				clear(log[at:])
				c.checkRises(t, before, c.with(i, fmt.Sprintf("%s lost from %d", f.Name, at), txtar.File{Name: f.Name + ".log", Data: log}))
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
	for _, folder := range c.folders() {
		list = append(list, c.withoutFolder(folder))
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

// folders are the case's uppermost ones, each with what one computer sent.
func (c *triageCase) folders() []string {
	var list []string
	for _, f := range c.files {
		list = append(list, strings.SplitAfter(f.Name, "/")[0])
	}
	return slices.Compact(list)
}

func (c *triageCase) withoutFolder(name string) *triageCase {
	files := slices.DeleteFunc(slices.Clone(c.files), func(f txtar.File) bool { return strings.HasPrefix(f.Name, name) })
	return &triageCase{name: "without all of " + name, files: files}
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
