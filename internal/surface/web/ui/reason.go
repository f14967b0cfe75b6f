package ui

import "hexhub/internal/feature/catalog"

// Reasons are why a release may be retired, to choose from: what weighs most comes first.
func Reasons() []Option {
	return []Option{
		{Value: string(catalog.Security), Words: "Security issue"},
		{Value: string(catalog.Invalid), Words: "Invalid: it does not work as it should"},
		{Value: string(catalog.Deprecated), Words: "Deprecated: there is something better"},
		{Value: string(catalog.Renamed), Words: "Renamed: the package has another name"},
		{Value: string(catalog.Other), Words: "Another reason"},
	}
}
