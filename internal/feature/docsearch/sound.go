package docsearch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/blevesearch/bleve/v2/util"
)

// guard does something with an index that may be damaged, which bleve sees here and there by a panic. Of a file that is
// shorter than it says, what is missing cannot be read: that is a panic too, where it would else end the process.
func guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return do()
}

// sound reads the whole index in dir, and fails if a file of it is not as it was written. bleve has others than its caller
// read and write an index that is open, and nothing guards those.
func sound(dir string) error {
	return guard(func() error {
		dir = filepath.Join(dir, "store")
		root := filepath.Join(dir, "root.bolt")
		if _, err := os.Stat(root); err != nil { // it would be made
			return err
		}
		db, err := util.OpenBolt(root, 0o600, nil)
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *util.BoltTxImpl) error {
			c := tx.Cursor()
			for name, _ := c.First(); name != nil; name, _ = c.Next() {
				if err := soundBucket(dir, tx.Bucket(name)); err != nil {
					return err
				}
			}
			var wrong []error
			for err := range tx.Check() {
				wrong = append(wrong, err)
			}
			return errors.Join(wrong...)
		})
	})
}

// soundBucket reads a bucket, the buckets in it, and the files that they name.
func soundBucket(dir string, b *util.BoltBucketImpl) error {
	err := b.Bucket.ForEach(func(k, v []byte) error {
		if v == nil {
			return soundBucket(dir, b.GetBucket(k))
		}
		return nil
	})
	if file := b.Bucket.Get(util.BoltPathKey); err == nil && file != nil {
		err = soundFile(filepath.Join(dir, filepath.Base(string(file))))
	}
	return err
}

// soundFile reads a file of postings, which ends with the CRC-32 of what is before.
func soundFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var told [crc32.Size]byte
	sum, rest := crc32.NewIEEE(), info.Size()-crc32.Size
	if rest <= 0 {
		return fmt.Errorf("%w: %s is cut", errDamaged, path)
	}
	if _, err := io.CopyN(sum, f, rest); err != nil {
		return fmt.Errorf("%w: %s cannot be read: %w", errDamaged, path, err)
	}
	if _, err := io.ReadFull(f, told[:]); err != nil || sum.Sum32() != binary.BigEndian.Uint32(told[:]) {
		return fmt.Errorf("%w: %s is not what was written", errDamaged, path)
	}
	return nil
}
