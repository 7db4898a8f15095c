// A stand-in for Firestore on loopback: every document is there.
package main

import (
	"log"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"e2e/probe"
)

type fake struct {
	firestorepb.UnimplementedFirestoreServer
}

func (*fake) BatchGetDocuments(r *firestorepb.BatchGetDocumentsRequest, stream firestorepb.Firestore_BatchGetDocumentsServer) error {
	for _, name := range r.GetDocuments() {
		now := timestamppb.Now()
		path := &firestorepb.Value{ValueType: &firestorepb.Value_StringValue{StringValue: "/"}}
		doc := &firestorepb.Document{Name: name, Fields: map[string]*firestorepb.Value{"path": path}, CreateTime: now, UpdateTime: now}
		found := &firestorepb.BatchGetDocumentsResponse_Found{Found: doc}
		if err := stream.Send(&firestorepb.BatchGetDocumentsResponse{Result: found, ReadTime: now}); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	s := grpc.NewServer()
	firestorepb.RegisterFirestoreServer(s, &fake{})
	log.Fatal(s.Serve(probe.Listen()))
}
