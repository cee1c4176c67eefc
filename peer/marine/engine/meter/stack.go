// SPDX-License-Identifier: Apache-2.0

package meter

// counted decides which own functions count themselves on the stack: all that
// may call themselves again, directly or not, and everything if the others
// together could use more than plainPath. Indices are those of own functions.
func counted(units []uint32, calls [][]int) []bool {
	in := cyclic(calls)
	longest := make([]uint64, len(units)) // of uncounted functions below, itself included; memo by order
	for _, fn := range postorder(calls) {
		best := uint64(0)
		for _, to := range calls[fn] {
			best = max(best, longest[to])
		}
		if in[fn] {
			longest[fn] = best
			continue
		}
		longest[fn] = best + uint64(units[fn])
		if longest[fn] > plainPath {
			for i := range in {
				in[i] = true
			}
			return in
		}
	}
	return in
}

// postorder returns the functions so that callees stand before callers wherever
// there is no cycle.
func postorder(calls [][]int) []int {
	type step struct{ fn, next int }
	seen, order := make([]bool, len(calls)), make([]int, 0, len(calls))
	var path []step
	for root := range calls {
		if seen[root] {
			continue
		}
		seen[root] = true
		path = append(path, step{fn: root})
		for len(path) > 0 {
			top := &path[len(path)-1]
			if top.next == len(calls[top.fn]) {
				order = append(order, top.fn)
				path = path[:len(path)-1]
				continue
			}
			to := calls[top.fn][top.next]
			top.next++
			if !seen[to] {
				seen[to] = true
				path = append(path, step{fn: to})
			}
		}
	}
	return order
}

// cyclic reports which functions are on a cycle of calls: the strongly connected
// components of the call graph (Kosaraju), without recursion.
func cyclic(calls [][]int) []bool {
	back := make([][]int, len(calls))
	in := make([]bool, len(calls))
	for from, tos := range calls {
		for _, to := range tos {
			back[to] = append(back[to], from)
			in[from] = in[from] || to == from
		}
	}
	order, group := postorder(calls), make([]int, len(calls))
	for i := len(order) - 1; i >= 0; i-- {
		if group[order[i]] != 0 {
			continue
		}
		members := []int{order[i]}
		group[order[i]] = i + 1
		for k := 0; k < len(members); k++ {
			for _, from := range back[members[k]] {
				if group[from] == 0 {
					group[from] = i + 1
					members = append(members, from)
				}
			}
		}
		for _, m := range members {
			in[m] = in[m] || len(members) > 1
		}
	}
	return in
}
