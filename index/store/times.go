package store

import "context"

// Times returns the time of every row in nanoseconds since 1970, which go up;
// a row without a time has the lowest number there is. Eight bytes a row.
func (r *Reader) Times(ctx context.Context) ([]int64, error) {
	times := make([]int64, r.Rows())
	err := r.eachGroup(ctx, func(g *group) error {
		all := NewSet(g.rows)
		all.Not()
		return g.pages(Time, all, func(at int64, p page) error {
			p.eachNumber(func(i int, n int64) { times[g.first+at+int64(i)] = n })
			return nil
		})
	})
	return times, err
}
