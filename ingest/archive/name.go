package archive

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// label makes a readable path of a member's name: slashes between the levels,
// nothing that leads out. It is shown and compared, and never used to open or
// write a file. Names that are not UTF-8 are taken for code page 437, as the
// ZIP specification says (APPNOTE.TXT, appendix D).
func label(raw string) (path string, escapes bool) {
	if !utf8.ValidString(raw) {
		raw, _ = charmap.CodePage437.NewDecoder().String(raw) // all bytes are defined
	}
	raw = strings.ReplaceAll(raw, `\`, "/")
	escapes = strings.HasPrefix(raw, "/")
	var levels []string
	for level := range strings.SplitSeq(raw, "/") {
		for len(levels) == 0 && hasDrive(level) { // also the one in "./C:x"
			escapes, level = true, level[2:]
		}
		switch {
		case level == "" || level == ".":
		case level != "..":
			levels = append(levels, level)
		case len(levels) > 0:
			levels = levels[:len(levels)-1]
		default:
			escapes = true
		}
	}
	if len(levels) == 0 {
		return "unnamed", escapes
	}
	return strings.Join(levels, "/"), escapes
}

func hasDrive(level string) bool { return len(level) >= 2 && level[1] == ':' && isLetter(level[0]) }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isFolder reports whether a member's raw name is that of a folder.
func isFolder(raw string) bool { return strings.HasSuffix(raw, "/") || strings.HasSuffix(raw, `\`) }

// shorten cuts a name that is too long to be shown.
func shorten(name string) string {
	const most = 200
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// Compare orders paths as a walk of their folders meets them, each folder
// sorted by bytes: the slash comes before all other characters, since "a/b" is
// met before "a.txt". With it an archive and the folder it was made from are
// read in the same order.
func Compare(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] == b[i] {
			continue
		}
		if a[i] == '/' {
			return -1
		}
		if b[i] == '/' {
			return +1
		}
		return cmp.Compare(a[i], b[i])
	}
	return cmp.Compare(len(a), len(b))
}
