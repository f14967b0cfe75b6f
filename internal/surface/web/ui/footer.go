package ui

import "hexhub/assets"

// footer leads from every page to what is about the registry itself.
var footer = []Step{
	{"/docs", "Docs"},
	{"/connect", "Connect"},
	{"/publish", "Publish"},
	{"/status", "Status"},
	{"/feeds/releases.atom", "Feed"},
	{"/keys", "Public key"},
	{"/api", "API"},
	{"/preferences", "Keyboard"},
	{assets.Path("licences.txt"), "Licences"},
}
