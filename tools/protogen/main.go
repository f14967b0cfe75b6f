// Command protogen compiles one .proto file into Go without an installed protoc.
//
// It compiles the file with protocompile and hands the descriptors to
// protoc-gen-go, the tool pinned in this module's go.mod, in the form protoc
// would. The go_package of the file, less the module's path, names the folder
// that the result is written to. It knows nothing of what the messages mean.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	root := flag.String("root", "..", "folder that holds the module, and that FILE is relative to")
	module := flag.String("module", "hexhub", "path of the module in root")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: protogen [flags] FILE")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), *root, *module, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, module, file string) error {
	req, err := compile(ctx, root, module, file)
	if err != nil {
		return err
	}
	resp, err := plugin(ctx, req)
	if err != nil {
		return err
	}
	for _, f := range resp.GetFile() {
		if err := write(root, f.GetName(), f.GetContent()); err != nil {
			return err
		}
	}
	return nil
}

// compile turns file, which may import nothing, into the request that protoc
// would send to its Go plugin. Source positions are kept, for they carry the
// comments.
func compile(ctx context.Context, root, module, file string) (*pluginpb.CodeGeneratorRequest, error) {
	c := protocompile.Compiler{
		Resolver:       &protocompile.SourceResolver{ImportPaths: []string{root}},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	compiled, err := c.Compile(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return &pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{file},
		Parameter:      new("module=" + module),
		ProtoFile:      []*descriptorpb.FileDescriptorProto{protodesc.ToFileDescriptorProto(compiled[0])},
	}, nil
}

// plugin runs protoc-gen-go as protoc would: request on stdin, response on
// stdout.
func plugin(ctx context.Context, req *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	in, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "tool", "protoc-gen-go")
	cmd.Stdin = bytes.NewReader(in)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run protoc-gen-go: %w", err)
	}
	resp := new(pluginpb.CodeGeneratorResponse)
	if err := proto.Unmarshal(out, resp); err != nil {
		return nil, fmt.Errorf("decode response: %w", err)
	}
	if resp.Error != nil {
		return nil, errors.New(resp.GetError())
	}
	return resp, nil
}

// write puts content at name below root, making the folder if need be.
func write(root, name, content string) error {
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), fs.ModePerm); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}
