package etcdlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A bridge carries etcd's log to ours, and decides what its Fatal means: while etcd starts, a failure
// of Open; afterwards, the end of the process, for a log that cannot write or sync has no honest way on.
type bridge struct {
	log      *slog.Logger
	mute     bool        // log discards, so last words go to stderr
	started  atomic.Bool // Open has succeeded
	stopping atomic.Bool // an orderly stop, during which etcd's errors are noise
	failed   chan error  // has room for the first Fatal during start
}

func newBridge(log *slog.Logger) *bridge {
	b := &bridge{log: log, failed: make(chan error, 1)}
	if log == nil {
		b.log, b.mute = slog.New(slog.DiscardHandler), true
	}
	return b
}

func (b *bridge) logger() *zap.Logger {
	return zap.New(core{bridge: b}, zap.WithFatalHook(b))
}

// OnWrite implements zapcore.CheckWriteHook for Fatal, from which no caller in etcd expects to return.
func (b *bridge) OnWrite(e *zapcore.CheckedEntry, fields []zapcore.Field) {
	err := errors.New(e.Message)
	for _, f := range fields {
		if cause, ok := f.Interface.(error); ok {
			err = fmt.Errorf("%s: %w", e.Message, cause)
		}
	}
	if !b.started.Load() {
		select {
		case b.failed <- err:
		default:
		}
		runtime.Goexit()
	}
	const words = "the log cannot write safely any more; this process ends now and acknowledges nothing unsynced"
	b.log.Error(words, "error", err)
	if b.mute {
		fmt.Fprintf(os.Stderr, "hexhub: %s: %v\n", words, err)
	}
	os.Exit(1)
}

// chatter is what etcd says as a warning or an error though all is well.
var chatter = map[string]bool{
	"Running http and grpc server on single port. This is not recommended for production.": true, // there is no port
	"simple token is not cryptographically signed":                                         true, // etcd's users are not used
	"Failed to detect schema version":                                                      true, // of a database just made
	"failed to update storage version":                                                     true, // likewise; tried again each second
}

// A core is zap's idea of a destination.
type core struct {
	bridge *bridge
	attrs  []any
}

// level maps etcd's levels, of which "info" tells what only etcd's authors want to know.
func (c core) level(e zapcore.Entry) slog.Level {
	switch {
	case e.Level >= zapcore.DPanicLevel:
		return slog.LevelError
	case c.bridge.stopping.Load() || chatter[e.Message]:
		return slog.LevelDebug
	case e.Level == zapcore.ErrorLevel:
		return slog.LevelError
	case e.Level == zapcore.WarnLevel:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

func (core) Enabled(l zapcore.Level) bool { return l > zapcore.DebugLevel }

func (c core) With(fields []zapcore.Field) zapcore.Core {
	return core{bridge: c.bridge, attrs: append(slices.Clip(c.attrs), attrs(fields)...)}
}

func (c core) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) && c.bridge.log.Enabled(context.Background(), c.level(e)) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	c.bridge.log.With(c.attrs...).Log(context.Background(), c.level(e), "etcd: "+e.Message, attrs(fields)...)
	return nil
}

func (core) Sync() error { return nil }

func attrs(fields []zapcore.Field) []any {
	out := make([]any, 0, len(fields))
	for _, f := range fields {
		m := zapcore.NewMapObjectEncoder()
		f.AddTo(m)
		for k, v := range m.Fields { // one, but for errors with detail
			out = append(out, slog.Any(k, v))
		}
	}
	return out
}
