package docsearch

// A module as EDoc of OTP 25 writes it, of which one function has a text.
const edocModule = `<title>Module plug</title>
<h1>Module plug</h1>
<ul class="index"><li><a href="#description">Description</a></li><li><a href="#index">Function Index</a></li></ul>A plug.
<h2><a name="index">Function Index</a></h2>
<table width="100%" border="1" cellspacing="0" cellpadding="2" summary="function index"><tr><td valign="top"><a href="#spec_only-1">spec_only/1</a></td><td></td></tr>
<tr><td valign="top"><a href="#told-1">told/1</a></td><td>Says <a href="x.html"><tt>something</tt></a>.</td></tr>
<tr><td valign="top"><a href="#untold-2">untold/2</a></td><td></td></tr>
</table>
<h2><a name="functions">Function Details</a></h2>
<h3 class="function"><a name="told-1">told/1</a></h3>
<div class="spec"><p><tt>told(X) -&gt; any()</tt></p><p> </p></div><p>Says something. More of it.</p>
<table summary="of somebody's own"><tr><td><a href="#x">x</a></td><td>y</td></tr></table>`

// A module as Gleam writes it: a type, a constant and three functions, of which one has a text and another an example.
const gleamModule = `<h1 id="module-name" class="module-name"><a href="#module-name">glow</a></h1><p>Of light.</p>
<section class="module-members"><h1 id="module-types" class="module-member-kind">Types</h1>
<div class="member"><div class="member-name"><h2 id="Lamp"><a href="#Lamp">Lamp</a></h2></div>
<div class="custom-type-constructors"><div class="rendered-markdown"><p>A lamp.</p></div><pre><code class="hljs gleam">pub type Lamp</code></pre></div></div>
</section>
<section class="module-members"><h1 id="module-values" class="module-member-kind">Values</h1>
<div class="member"><div class="member-name"><h2 id="dim"><a href="#dim">dim</a></h2></div>
<pre><code class="hljs gleam">pub const dim: Int</code></pre><div class="rendered-markdown"><p>Dim.</p></div></div>
<div class="member"><div class="member-name"><h2 id="add"><a href="#add">add</a></h2></div>
<pre><code class="hljs gleam">pub fn add(lamp: Lamp) -&gt; Int</code></pre><p><b>Deprecated:</b> no more</p>
<div class="rendered-markdown"></div></div>
<div class="member"><div class="member-name"><h2 id="off"><a href="#off">off</a></h2></div>
<pre><code class="hljs gleam">pub fn off() -&gt; Nil</code></pre>
<div class="rendered-markdown"><p>Puts it <em>out</em>.</p><pre><code>pub fn not_one()</code></pre><p>Later on.</p></div></div>
<div class="member"><div class="member-name"><h2 id="on"><a href="#on">on</a></h2></div>
<pre><code class="hljs gleam">pub fn on() -&gt; Nil</code></pre>
<div class="rendered-markdown"><pre><code class="gleam">on()</code></pre></div></div>
</section><footer>Made with Gleam</footer>`

// What tools write, for the tests of what becomes of it.
const (
	EDocModule  = edocModule
	GleamModule = gleamModule
)
