#!/usr/bin/env escript
%% Makes and checks registry files with a real hex_core.
%%
%%   escript hex_core.escript make PREFIX EBIN DIR
%%   escript hex_core.escript check PREFIX EBIN DIR
%%
%% PREFIX is what vendoring put before hex_registry: "r3_" in rebar3's archive,
%% "mix_" in Hex. EBIN holds the compiled modules. Files carry the values of the
%% test TestFilesAreHexs; "check" reads files made by Go and compares them too.
-mode(compile).

main([Command, Prefix, Ebin, Dir]) ->
    true = code:add_patha(Ebin),
    Registry = list_to_atom(Prefix ++ "hex_registry"),
    {ok, _} = application:ensure_all_started(public_key),
    Here = filename:dirname(escript:script_name()),
    [run(Command, Registry, Here, filename:join(Dir, Name), Kind) || {Name, _, _} = Kind <- kinds(Prefix)],
    ok.

%% The hex_core of Debian's rebar3 (3.19) has no policies and fewer fields.
kinds("r3_") -> [{Name, without_new_fields(Value), Args} || {Name, Value, Args} <- kinds(), Name =/= "policy"];
kinds(_) -> kinds().

without_new_fields(Map) when is_map(Map) ->
    Old = maps:without([updated_at, with_advisories, advisories, advisory_indexes, published_at], Map),
    maps:map(fun(_, Value) -> without_new_fields(Value) end, Old);
without_new_fields(List) when is_list(List) -> [without_new_fields(Value) || Value <- List];
without_new_fields(Value) -> Value.

run("make", Registry, Here, File, {Name, Value, _}) ->
    {ok, Key} = file:read_file(filename:join(Here, "key.pem")),
    Payload = Registry:(list_to_atom("encode_" ++ Name))(Value),
    ok = file:write_file(File, zlib:gzip(Registry:sign_protobuf(Payload, Key)));
run("check", Registry, Here, File, {Name, Value, Args}) ->
    {ok, Key} = file:read_file(filename:join(Here, "public.pem")),
    {ok, Body} = file:read_file(File),
    {ok, Payload} = Registry:decode_and_verify_signed(zlib:gunzip(Body), Key),
    Decode = list_to_atom("decode_" ++ Name),
    {ok, Decoded} = apply(Registry, Decode, [Payload | Args]),
    {ok, Decoded} = apply(Registry, Decode, [Registry:(list_to_atom("encode_" ++ Name))(Value) | Args]),
    io:format("~s: signature and content hold~n", [File]).

kinds() ->
    [{"names", names(), [<<"acme">>]},
     {"versions", versions(), [<<"acme">>]},
     {"package", package(), [<<"acme">>, <<"foo">>]},
     {"policy", policy(), [<<"acme">>, <<"strict">>]}].

names() ->
    #{repository => <<"acme">>,
      packages => [#{name => <<"bar">>, updated_at => #{seconds => 1700000000, nanos => 123456000}},
                   #{name => <<"bar_baz">>, updated_at => #{seconds => 1700000000, nanos => 0}},
                   #{name => <<"foo">>}]}.

versions() ->
    #{repository => <<"acme">>,
      packages => [#{name => <<"bar">>, versions => [<<"0.1.0">>], retired => [], with_advisories => []},
                   #{name => <<"foo">>,
                     versions => [iolist_to_binary(io_lib:format("1.~b.0", [N])) || N <- lists:seq(0, 199)],
                     retired => [0, 127, 128, 199],
                     with_advisories => [150]}]}.

package() ->
    #{repository => <<"acme">>,
      name => <<"foo">>,
      releases =>
          [#{version => <<"1.0.0-rc.1">>,
             inner_checksum => binary:copy(<<16#a1>>, 32),
             outer_checksum => binary:copy(<<16#b1>>, 32),
             dependencies => [],
             retired => #{reason => 'RETIRED_OTHER'}},
           #{version => <<"1.0.0">>,
             inner_checksum => binary:copy(<<16#a2>>, 32),
             outer_checksum => binary:copy(<<16#b2>>, 32),
             dependencies =>
                 [#{package => <<"bar">>, requirement => <<"~> 0.1">>},
                  #{package => <<"bar_baz">>, requirement => <<">= 0.0.0">>, app => <<"baz">>},
                  #{package => <<"aaa">>, requirement => <<"~> 1.0 or ~> 2.0">>, optional => true,
                    repository => <<"hexpm">>},
                  #{package => <<"jason">>, requirement => <<"== 1.4.4">>, repository => <<"hexpm">>}],
             retired => #{reason => 'RETIRED_RENAMED', message => <<"now called „fuß“ ☃"/utf8>>},
             advisory_indexes => [0, 1],
             published_at => #{seconds => 1700000000, nanos => 999999000}},
           #{version => <<"1.10.0">>,
             inner_checksum => binary:copy(<<16#a3>>, 32),
             outer_checksum => binary:copy(<<16#b3>>, 32),
             dependencies => [],
             advisory_indexes => [1],
             published_at => #{seconds => 1800000000, nanos => 0}}],
      advisories =>
          [#{id => <<"CVE-2026-1">>, summary => <<"leak">>, severity => 'SEVERITY_NONE', cvss_score => 0.0,
             html_url => <<"https://osv.dev/vulnerability/CVE-2026-1">>,
             api_url => <<"https://api.osv.dev/v1/vulns/CVE-2026-1">>},
           #{id => <<"GHSA-aaaa-bbbb-cccc">>, summary => <<"crash">>,
             html_url => <<"https://osv.dev/vulnerability/GHSA-aaaa-bbbb-cccc">>,
             api_url => <<"https://api.osv.dev/v1/vulns/GHSA-aaaa-bbbb-cccc">>,
             aliases => [<<"CVE-2026-2">>, <<"EEF-2">>]}]}.

policy() ->
    #{repository => <<"acme">>,
      name => <<"strict">>,
      description => <<"what we allow">>,
      visibility => 'VISIBILITY_PRIVATE',
      repositories =>
          [#{repository => <<"acme">>},
           #{repository => <<"hexpm">>,
             restriction => #{advisory_min_severity => 'SEVERITY_NONE',
                              retirement_reasons => ['RETIRED_OTHER', 'RETIRED_SECURITY']},
             overrides =>
                 [#{action => 'OVERRIDE_ACTION_ALLOW', ref => #{package => <<"foo">>, requirement => <<"~> 1.7">>}},
                  #{action => 'OVERRIDE_ACTION_ADVISORY', ref => #{package => <<"bar">>},
                    advisory_id => <<"CVE-2026-1">>, comment => <<"not reachable">>},
                  #{action => 'OVERRIDE_ACTION_RETIREMENT', ref => #{package => <<"bar">>},
                    retirement_reason => 'RETIRED_OTHER'},
                  #{action => 'OVERRIDE_ACTION_COOLDOWN', ref => #{package => <<"jason">>}}]}]}.
