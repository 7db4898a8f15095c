package main

import "slices"

// smaller returns plans that have one word of a plan less, those first that leave more out.
func smaller(p *plan) []*plan {
	var all []*plan
	with := func(change func(q *plan)) {
		q := *p
		q.Parts = slices.Clone(p.Parts)
		change(&q)
		if writable(&q) {
			all = append(all, &q)
		}
	}
	for i := range p.Parts {
		with(func(q *plan) { q.Parts = slices.Delete(q.Parts, i, i+1) })
	}
	if p.Release != "" {
		with(func(q *plan) { q.Release = "" })
	}
	if p.Maker != "fallible" {
		with(func(q *plan) { q.Maker = "fallible" })
		if p.Maker != "plain" {
			with(func(q *plan) { q.Maker = "plain" })
		}
	}
	if p.Acquire != "" {
		with(func(q *plan) { q.Acquire = "" })
	}
	for i, part := range p.Parts {
		if part.Flow != "" {
			with(func(q *plan) { q.Parts[i].Flow = "" })
		}
		if part.Holder != "" {
			with(func(q *plan) { q.Parts[i].Holder, q.Parts[i].Late = "", false })
		}
		for j := range part.Wraps {
			with(func(q *plan) { q.Parts[i].Wraps = slices.Delete(slices.Clone(part.Wraps), j, j+1) })
		}
		if part.Late {
			with(func(q *plan) { q.Parts[i].Late = false })
		}
		if part.Inline {
			with(func(q *plan) { q.Parts[i].Inline = false })
		}
	}
	if p.Named {
		with(func(q *plan) { q.Named = false })
	}
	if p.Test {
		with(func(q *plan) { q.Test = false })
	}
	if p.Open {
		with(func(q *plan) { q.Open = false })
	}
	return all
}

// shrink makes each of these functions as small as it can be with `fails` still true of it in the same word.
func (t *tree) shrink(functions []*function, word func(*function) string) ([]*function, error) {
	current := slices.Clone(functions)
	open := make([]int, len(current))
	for i := range open {
		open[i] = i
	}
	for len(open) > 0 {
		var plans []*plan
		var of []int
		for _, i := range open {
			for _, p := range smaller(current[i].plan) {
				plans, of = append(plans, p), append(of, i)
			}
		}
		if len(plans) == 0 {
			break
		}
		tried, err := t.try(plans)
		if err != nil {
			return nil, err
		}
		open = nil
		for k, f := range tried {
			i := of[k]
			if word(f) == word(functions[i]) && !slices.Contains(open, i) {
				current[i] = f
				open = append(open, i)
			}
		}
	}
	return current, nil
}
