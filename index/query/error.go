package query

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// An Error says what is wrong with a query, and where.
type Error struct {
	Query  string
	Offset int    // in bytes from the start of Query
	Length int    // in bytes; 0 points between two characters, or at the end
	Text   string // what is wrong
	Hint   string // what to write instead; may be ""
}

// Error gives the text and the hint, and below them the query with carets under
// the place.
func (e *Error) Error() string {
	excerpt, from, width := e.excerpt()
	text := event.Clean(e.Text)
	if e.Hint != "" {
		text += "; " + event.Clean(e.Hint)
	}
	return text + "\n  " + excerpt + "\n  " + strings.Repeat(" ", from) + strings.Repeat("^", width)
}

// Long queries are cut to this many characters on each side of the place, and
// at the place.
const excerptSide, excerptPlace = 40, 60

// excerpt returns a line of the query around the place, and the column and the
// width of the place in it.
func (e *Error) excerpt() (line string, from, width int) {
	before, place, after := e.Query[:e.Offset], e.Query[e.Offset:e.Offset+e.Length], e.Query[e.Offset+e.Length:]
	place = event.Clean(firstRunes(place, excerptPlace))
	before = event.Clean(lastRunes(before, excerptSide))
	return before + place + event.Clean(firstRunes(after, excerptSide)), columns(before), max(1, columns(place))
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i] + "…"
		}
	}
	return s
}

func lastRunes(s string, n int) string {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	if i > 0 {
		return "…" + s[i:]
	}
	return s
}

// columns is how many columns of a terminal a text takes, well enough to point:
// East Asian characters take two, combining marks none.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r >= 0xff01 && r <= 0xff60:
			n += 2
		default:
			n++
		}
	}
	return n
}

// nearest returns the word most like the given one, or "" if none is near: one
// begins the other (provider, prov), or two slips of a finger make one of it.
func nearest(word string, words []string) string {
	const slips = 2
	best, bestCost := "", slips+1
	for _, w := range words {
		cost := distance(word, w)
		if len(word) > 1 && (strings.HasPrefix(word, w) || strings.HasPrefix(w, word)) {
			cost = 1
		}
		if cost < bestCost && cost < len(w) {
			best, bestCost = w, cost
		}
	}
	return best
}

// maxSuggest bounds the words that nearest compares: fields are far shorter.
const maxSuggest = 32

// distance is the number of letters to insert, remove, replace or swap with
// their neighbour to make b of a.
func distance(a, b string) int {
	if len(a) > maxSuggest {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := cmp.Compare(a[i-1], b[j-1])
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change*change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
