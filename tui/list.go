package tui

// A list is a cursor over rows that are rendered when they are seen. It knows
// nothing of the rows but their number, so a million costs what ten do.
type list struct {
	n      int // of rows
	cursor int
	top    int // first row on the page
	height int // of the page, when it was last shown
	area   area
}

// An area is where something is on the body of the page, in cells.
type area struct{ x, y, width, height int }

func (r area) has(x, y int) bool {
	return r.x <= x && x < r.x+r.width && r.y <= y && y < r.y+r.height
}

// resize sets the number of rows; the cursor stays where it is, if it can.
func (l *list) resize(n int) {
	l.n = n
	l.moveTo(l.cursor)
}

func (l *list) moveTo(row int) {
	l.cursor = max(0, min(row, l.n-1))
	l.scroll()
}

// scroll moves the page so that the cursor is on it.
func (l *list) scroll() {
	if l.height == 0 {
		return // it has not been shown yet
	}
	h := l.height
	if l.cursor < l.top {
		l.top = l.cursor
	}
	if l.cursor == 1 {
		l.top = 0 // the first row may be a heading, which has no cursor
	}
	if l.cursor >= l.top+h {
		l.top = l.cursor - h + 1
	}
	l.top = max(0, min(l.top, l.n-h))
}

// skip moves the cursor off rows that are headings: on in the direction of the
// last action, and if there is nothing, back.
func (l *list) skip(act action, heading func(row int) bool) {
	by := 1
	if act == actUp || act == actPageUp || act == actBottom {
		by = -1
	}
	for _, by := range []int{by, -by} {
		for i := l.cursor; i >= 0 && i < l.n; i += by {
			if !heading(i) {
				l.moveTo(i)
				return
			}
		}
	}
}

// move does the actions that move a cursor; false: it is another.
func (l *list) move(act action) bool {
	pageful := max(1, l.height-1)
	switch act {
	case actUp:
		l.moveTo(l.cursor - 1)
	case actDown:
		l.moveTo(l.cursor + 1)
	case actPageUp:
		l.moveTo(l.cursor - pageful)
	case actPageDown:
		l.moveTo(l.cursor + pageful)
	case actTop:
		l.moveTo(0)
	case actBottom:
		l.moveTo(l.n - 1)
	default:
		return false
	}
	return true
}

// reveal puts the cursor on a row, and the row to the top of the page with one
// more above it, so that what follows can be read.
func (l *list) reveal(row int) {
	l.top = max(0, row-1)
	l.moveTo(row)
}

// hit is the row at a place of the body; false: there is none.
func (l *list) hit(x, y int) (row int, ok bool) {
	row = l.top + y - l.area.y
	return row, l.area.has(x, y) && row < l.n
}

// render calls row for each row of the page, which is at x and y of the body.
func (l *list) render(x, y, width, height int, row func(i int) string) []string {
	l.height, l.area = height, area{x, y, width, height}
	l.scroll()
	var lines []string
	for i := l.top; i < min(l.n, l.top+height); i++ {
		lines = append(lines, row(i))
	}
	return page(lines, width, height)
}
