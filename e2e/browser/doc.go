// Package browser holds the web site to its goals: each page is judged in a real browser, and all of it is walked
// through link by link.
//
// The pages are those of the table of all routes (internal/node/testdata/matrix.txt), which must name every route
// there is; so a new page is judged without being named here. What browsers need is Chromium alone: axe-core, which
// judges what people with other eyes, hands and ears meet, lies in testdata, where assets/build.mjs puts it.
package browser
