package proof

import (
	"bytes"
	"encoding/json"
	"os"
)

// Its pages are memory that its Close takes back.
type PageClient struct {
	file *os.File
	buf  []byte
	rows [][]byte
	page *page
	name string
}

type page struct {
	Body  []byte
	Count int
}

type sheet struct{ B []byte }

func NewPageClient(name string) (*PageClient, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 100)
	return &PageClient{file: file, buf: buf, rows: [][]byte{buf[:3]}, page: &page{Body: buf}}, nil
}

func unmap(buf []byte)   { clear(buf) }
func free(rows [][]byte) { clear(rows) }
func drop(p *page)       { p.Body = nil }
func (c *PageClient) Close() error {
	unmap(c.buf)
	free(c.rows)
	drop(c.page)
	return c.file.Close()
}

func (c *PageClient) Bytes() []byte    { return c.buf[:4] }
func (c *PageClient) Rows() [][]byte   { return c.rows }
func (c *PageClient) Page() *page      { return c.page }
func (c *PageClient) Value() page      { return page{Body: c.buf[4:]} }
func (c *PageClient) Name() string     { return c.name }
func (c *PageClient) Count() int       { return c.page.Count }
func (c *PageClient) Copy() []byte     { return append([]byte(nil), c.buf...) }
func (c *PageClient) Fill(dst *[]byte) { *dst = c.buf[:4] }
func (c *PageClient) Read(dst []byte)  { copy(dst, c.buf) }
func (c *PageClient) Each(f func([]byte)) {
	for _, row := range c.rows {
		f(row)
	}
}

var lastPage []byte

func pageInStruct(name string) (sheet, error) {
	c, err := NewPageClient(name) // against 4 "memory of it is returned"
	if err != nil {
		return sheet{}, err
	}
	return sheet{B: c.Bytes()}, nil
}

func pageInField(name string) (s sheet, err error) {
	c, err := NewPageClient(name) // against 4 "stored in `s`, which may have come from elsewhere"
	if err != nil {
		return s, err
	}
	s.B = c.Bytes()[:2]
	return s, nil
}

func pageOfList(name string) ([]byte, error) {
	c, err := NewPageClient(name) // against 4 "memory of it is returned"
	if err != nil {
		return nil, err
	}
	return c.Rows()[0], nil
}

func pageBehindPointer(name string) (page, error) {
	c, err := NewPageClient(name) // against 4 "memory of it is returned"
	if err != nil {
		return page{}, err
	}
	return *c.Page(), nil
}

func pageAsValue(name string) (page, error) {
	c, err := NewPageClient(name) // against 4 "memory of it is returned"
	if err != nil {
		return page{}, err
	}
	return c.Value(), nil
}

func pagesCollected(name string) (all [][]byte, err error) {
	c, err := NewPageClient(name) // against 5 "memory of it is returned"
	if err != nil {
		return nil, err
	}
	for _, row := range c.Rows() {
		all = append(all, row)
	}
	return all, nil
}

func pagesSpread(name string) ([][]byte, error) {
	c, err := NewPageClient(name) // against 5 "memory of it is returned"
	if err != nil {
		return nil, err
	}
	var all [][]byte
	return append(all, c.Rows()...), nil
}

func pageInMap(name string) (map[string][]byte, error) {
	c, err := NewPageClient(name) // against 6 "memory of it is returned"
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	all["a"] = c.Bytes()
	return all, nil
}

func pageConverted(name string) (json.RawMessage, error) {
	c, err := NewPageClient(name) // against 4 "memory of it is returned"
	if err != nil {
		return nil, err
	}
	return json.RawMessage(c.Bytes()), nil
}

func pageRead(name string) (*bytes.Reader, error) {
	c, err := NewPageClient(name) // against 4 "memory of it is returned"
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(c.Bytes()), nil
}

func pageFilled(name string) ([]byte, error) {
	c, err := NewPageClient(name) // against 5 "stored in what `dst` leads to"
	if err != nil {
		return nil, err
	}
	var out []byte
	c.Fill(&out)
	return out, nil
}

func pagesCalledBack(name string) ([][]byte, error) {
	c, err := NewPageClient(name) // against 5 "passed to a function value"
	if err != nil {
		return nil, err
	}
	var all [][]byte
	c.Each(func(row []byte) { all = append(all, row) })
	return all, nil
}

func pageKept(name string) error {
	c, err := NewPageClient(name) // against 5 "stored in the package variable `lastPage`"
	if err != nil {
		return err
	}
	rows := c.Rows()
	lastPage = rows[0]
	return nil
}

// What is copied is nobody's memory.
func pageCopied(name string) ([]byte, string, int, error) {
	c, err := NewPageClient(name) // safe
	if err != nil {
		return nil, "", 0, err
	}
	out := append([]byte("page: "), c.Bytes()...)
	rest := make([]byte, 10)
	copy(rest, c.Bytes())
	out = append(out, rest...)
	out = append(out, c.Copy()...)
	return out, c.Name() + string(c.Bytes()), c.Count() + len(c.Rows()), nil
}

func pageLookedAt(name string) error {
	c, err := NewPageClient(name) // safe
	if err != nil {
		return err
	}
	into := make([]byte, 10)
	c.Read(into)
	var all sheet
	all.B = c.Bytes()
	if len(all.B) > 3 && bytes.Equal(into, all.B) {
		return os.ErrInvalid
	}
	return nil
}

// One list of it may have slices of another that is taken back.
type SlicesClient struct {
	file *os.File
	buf  []byte
	rows [][]byte
}

func NewSlicesClient(name string) (*SlicesClient, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	s := &SlicesClient{file, make([]byte, 9), nil}
	s.rows = [][]byte{s.buf[:3], s.buf[3:]}
	return s, nil
}

func (s *SlicesClient) Rows() [][]byte { return s.rows }

func (s *SlicesClient) Close() error {
	clear(s.buf)
	return s.file.Close()
}

func sliceOfAnother(name string) (sheet, error) {
	s, err := NewSlicesClient(name) // against 4 "memory of it is returned"
	if err != nil {
		return sheet{}, err
	}
	return sheet{s.Rows()[0]}, nil
}
