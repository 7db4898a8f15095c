// A stand-in for etcd on loopback: no key is there.
package main

import (
	"context"
	"log"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"e2e/probe"
)

type fake struct {
	etcdserverpb.UnimplementedKVServer
}

func (*fake) Range(context.Context, *etcdserverpb.RangeRequest) (*etcdserverpb.RangeResponse, error) {
	return &etcdserverpb.RangeResponse{Header: &etcdserverpb.ResponseHeader{}}, nil
}

func main() {
	s := grpc.NewServer()
	etcdserverpb.RegisterKVServer(s, &fake{})
	log.Fatal(s.Serve(probe.Listen()))
}
