package artefact

import (
	"regexp"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// files are those whose versions matter: KB975354 replaces them.
var files = map[string]bool{"vmms.exe": true, "vssapi.dll": true, "vsstrace.dll": true, "eventcls.dll": true}

// version is a file version at the start of a value; "(win7_rtm.090713-1255)" may
// follow.
var version = pattern(`^(\d{1,5}\.\d{1,5}\.\d{1,5}\.\d{1,5})(?:\s|$)`)

// fileverLine is a line of filever, with the file's name last:
//
//	--a-- W32x64 ENU  6.1.7600.16385 shp  4,490,752 07-14-2009 vmms.exe
var fileverLine = pattern(`^[-a-z]{5,6}\s+W\d\d\S*\s+\S+\s+(\d+\.\d+\.\d+\.\d+)\s.*\s(\S+)\s*$`)

// plainLine is what people write down by hand or print with a format of their
// own: a file and its version, and nothing else. A line that goes on is one of
// an article's table, which tells the versions of the update and not of a host.
//
//	vmms.exe 6.1.7600.16385
//	C:\Windows\System32\vmms.exe: 6.1.7600.16385 (win7_rtm.090713-1255)
var plainLine = pattern(`^\s*"?([A-Za-z:\\%.\w]*?\w+\.(?:exe|dll))"?\s*[\s,;:=]\s*"?(\d{1,5}\.\d{1,5}\.\d{1,5}\.\d{1,5})"?(?:\s*\([^()]*\))?\s*$`)

// knownVersions asks for an object with both a name and a version, under the names
// of properties. Mere text, such as an article's table of files, has none.
func knownVersions(t *text) bool {
	for range t.versions() {
		return true
	}
	return false
}

func readVersions(t *text, f *facts) {
	for v, fact := range t.versions() {
		f.add(v, fact)
	}
}

// versions yields the versions of files of interest, with their lines.
func (t *text) versions() func(yield func(line, event.Fact) bool) {
	return func(yield func(line, event.Fact) bool) {
		if fileverLine().MatchString(t.first().text) {
			t.pairs(fileverLine(), 2, 1, yield)
			return
		}
		if plainLine().MatchString(t.first().text) {
			t.pairs(plainLine(), 1, 2, yield)
			return
		}
		for r := range t.records() {
			if l, fact, ok := fileVersion(r); ok && !yield(l, fact) {
				return
			}
		}
	}
}

// fileVersion makes a fact of an object, if it is a file of interest.
func fileVersion(r record) (line, event.Fact, bool) {
	host, name := splitPath(r.get("filename", "fullname", "name", "originalfilename").text)
	v := r.get("fileversion", "version", "productversion")
	m := version().FindStringSubmatch(v.text)
	if m == nil || !files[name] {
		return line{}, event.Fact{}, false
	}
	if host == "" {
		host = r.get("csname", "pscomputername", "__server", "node").text
	}
	return v.line, event.Fact{Host: host, Key: event.FactFileVersion, Name: name, Value: m[1]}, true
}

// pairs yields what the lines of a form say; name and version are the numbers
// of its groups.
func (t *text) pairs(form *regexp.Regexp, name, version int, yield func(line, event.Fact) bool) {
	for l := range t.filled() {
		m := form.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		host, file := splitPath(m[name])
		if files[file] && !yield(l, event.Fact{Host: host, Key: event.FactFileVersion, Name: file, Value: m[version]}) {
			return
		}
	}
}

// splitPath returns the computer of a UNC path, and the name of a file in lower
// case. A path must be one of System32, else the name is "": WinSxS keeps files
// of all versions, and SysWOW64 those of another processor.
func splitPath(path string) (host, name string) {
	if rest, ok := strings.CutPrefix(path, `\\`); ok {
		host, _, _ = strings.Cut(rest, `\`)
		if !isName(host) { // \\?\C:\…
			host = ""
		}
	}
	path = strings.ToLower(path)
	i := strings.LastIndexByte(path, '\\')
	if i >= 0 && !strings.HasSuffix(path[:i], `\system32`) {
		return "", ""
	}
	return host, path[i+1:]
}
