package cl

import (
	"errors"
	"os"
)

// PortClient takes a port.
type PortClient struct {
	at string
	fd int
}

func NewPortClient(at string) (*PortClient, error) {
	if at == "" {
		return nil, errors.New("nowhere")
	}
	return &PortClient{at: at}, nil
}

func (p *PortClient) Addr() string { return p.at }

func (p *PortClient) LocalAddr() string { return p.at }

func (p *PortClient) Close() error { p.at = ""; return nil }

// SpoolClient keeps a folder for as long as it is open.
type SpoolClient struct{ dir string }

func NewSpoolClient() (*SpoolClient, error) {
	dir, err := os.MkdirTemp("", "spool")
	return &SpoolClient{dir: dir}, err
}

func (s *SpoolClient) Path() string { return s.dir }

func (s *SpoolClient) Close() error { return os.RemoveAll(s.dir) }
