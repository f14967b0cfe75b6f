#!/usr/bin/env escript
%%! +pc unicode
%% Writes vectors.txt and metadata.config, the bytes our tests hold to be what Erlang writes:
%%     escript vectors.escript
%% Made with Erlang/OTP 25 (Debian). Its minor_version 2 is what OTP 26 and later write by default,
%% and its minor_version 0 has the old floats.
main([]) ->
    ok = file:write_file("vectors.txt", [
        "# name, then the external term in hexadecimal; made by vectors.escript on OTP 25\n"
        | [[Name, $\s, string:lowercase(binary:encode_hex(Bin)), $\n] || {Name, Bin} <- vectors()]]),
    ok = file:write_file("metadata.config", [
        %% As hex_core does it.
        unicode:characters_to_binary([io_lib_pretty:print(T, [{encoding, utf8}]), ".\n"])
        || T <- metadata()]).

vectors() ->
    T = fun(Term) -> term_to_binary(Term) end,
    V = fun(Term, Minor) -> term_to_binary(Term, [{minor_version, Minor}]) end,
    [{"nil", T(nil)}, {"true", T(true)}, {"false", T(false)}, {"undefined", T(undefined)},
     {"atom", T(admin)}, {"atom-latin1", T('é')}, {"atom-utf8", T('漢')},
     {"atom-long-utf8", T(binary_to_atom(binary:copy(<<"漢"/utf8>>, 255)))},
     {"nil-26", V(nil, 2)}, {"true-26", V(true, 2)}, {"atom-26", V('é', 2)},
     {"zero", T(0)}, {"byte", T(255)}, {"int-256", T(256)}, {"int-minus-1", T(-1)},
     {"int32-max", T(2147483647)}, {"int32-min", T(-2147483648)},
     {"int32-over", T(2147483648)}, {"int32-under", T(-2147483649)},
     {"int64-max", T(9223372036854775807)}, {"int64-min", T(-9223372036854775808)},
     {"float", T(7.5)}, {"float-tiny", T(-5.0e-324)}, {"float-text", V(-1.5e300, 0)},
     {"binary", T(<<"kůň"/utf8>>)}, {"binary-empty", T(<<>>)},
     {"list", T([1, 300, <<"x">>])}, {"list-empty", T([])}, {"string", T([0, 97, 255])},
     {"tuple", T({<<"a">>, {}, 1})}, {"tuple-large", T(list_to_tuple(lists:seq(1, 256)))},
     {"map-empty", T(#{})}, {"map-nested", T(#{<<"b">> => #{<<"c">> => [#{}]}, <<"a">> => 1})},
     {"map-atom-keys", T(#{transfer => true, resource => nil})},
     {"key-create", T(#{<<"name">> => <<"host">>,
                        <<"permissions">> => [#{<<"domain">> => <<"api">>, <<"resource">> => nil}]})},
     {"no-int64-over", T(9223372036854775808)}, {"no-int64-under", T(-9223372036854775809)},
     {"no-small-big-255", T(1 bsl (255 * 8 - 1))}, {"no-large-big", T(1 bsl (256 * 8))},
     {"no-compressed", term_to_binary(binary:copy(<<"a">>, 1000), [compressed])},
     {"no-fun", T(fun() -> ok end)}, {"no-export", T(fun lists:map/2)}, {"no-pid", T(self())},
     {"no-port", T(hd(erlang:ports()))}, {"no-ref", T(make_ref())}, {"no-bitstring", T(<<5:3>>)},
     {"no-improper", T([1 | 2])}, {"no-latin1-binary", T(<<233>>)}, {"no-integer-key", T(#{1 => 2})},
     {"no-trailing", <<(T(1))/binary, 0>>}].

metadata() ->
    [{<<"name">>, <<"decimal">>}, {<<"version">>, <<"1.0.0">>}, {<<"app">>, <<"decimal">>},
     {<<"description">>, <<(binary:copy(<<"Žluťoučký kůň "/utf8>>, 12))/binary, "\n\t\"\\\e">>},
     {<<"bell">>, <<"é"/utf8, 7>>},
     {<<"licenses">>, [<<"Apache-2.0">>]}, {<<"build_tools">>, [<<"mix">>]}, {<<"elixir">>, <<"~> 1.2">>},
     {<<"links">>, [{<<"GitHub">>, <<"https://github.com/ericmj/decimal">>}]},
     {<<"files">>, [<<"lib/decimal.ex">>, binary:copy(<<"a">>, 90), <<"mix.exs">>]},
     {<<"requirements">>,
      [[{<<"name">>, <<"jason">>}, {<<"app">>, <<"jason">>}, {<<"optional">>, false},
        {<<"requirement">>, <<"~> 1.4">>}, {<<"repository">>, <<"hexpm">>}]]},
     {<<"extra">>, #{<<"n">> => -1, <<"list">> => [], atom => 'Quoted atom', <<"chars">> => "text"}}].
