#!/usr/bin/env escript
%% Calls functions of the hex_core inside rebar3 on behalf of a Go test.
%%
%%   escript hex_core.escript REBAR3
%%
%% Requests [M, F | A] come on stdin and answers go to stdout, as external terms with their length in
%% four bytes before them. Go writes text, numbers, lists and maps, so the rest is spelled as text and
%% lists: ":true" is an atom, ["#", A, B] the tuple {A, B}, ["$", Text] a string of Erlang's, and
%% "base64:…" any bytes. Answers have tuples as lists, atoms as text, and what Go has no word for as
%% its print.
-mode(compile).

main([Rebar3]) ->
    load(Rebar3),
    {ok, _} = application:ensure_all_started(ssl),
    {ok, _} = application:ensure_all_started(inets),
    ok = io:setopts(standard_io, [binary, {encoding, latin1}]),
    serve().

%% rebar3 is an escript itself, with its modules in an archive.
load(Rebar3) ->
    {ok, Sections} = escript:extract(Rebar3, []),
    {ok, Files} = zip:unzip(proplists:get_value(archive, Sections), [memory]),
    Modules = [{filename:basename(Name, ".beam"), Name, Code} || {Name, Code} <- Files, filename:extension(Name) =:= ".beam"],
    [{module, _} = code:load_binary(list_to_atom(Module), Name, Code) || {"r3_" ++ _ = Module, Name, Code} <- Modules].

serve() ->
    case file:read(standard_io, 4) of
        {ok, <<Size:32>>} ->
            {ok, Request} = file:read(standard_io, Size),
            [M, F | A] = term(binary_to_term(Request)),
            Body = term_to_binary(plain(call(M, F, A))),
            ok = file:write(standard_io, [<<(byte_size(Body)):32>>, Body]),
            serve();
        eof ->
            ok
    end.

call(M, F, A) ->
    try apply(M, F, A)
    catch Class:Reason -> {crash, Class, Reason}
    end.

term(<<":", Name/binary>>) -> binary_to_atom(Name);
term(<<"base64:", Text/binary>>) -> base64:decode(Text);
term([<<"$">>, Text]) -> binary_to_list(Text);
term([<<"#">> | Elements]) -> list_to_tuple([term(E) || E <- Elements]);
term(List) when is_list(List) -> [term(E) || E <- List];
term(Map) when is_map(Map) -> maps:from_list([{term(K), term(V)} || {K, V} <- maps:to_list(Map)]);
term(Other) -> Other.

plain(Tuple) when is_tuple(Tuple) -> [plain(E) || E <- tuple_to_list(Tuple)];
plain(Atom) when Atom =:= nil; Atom =:= true; Atom =:= false -> Atom;
plain(Atom) when is_atom(Atom) -> atom_to_binary(Atom);
plain(List) when is_list(List) -> [plain(E) || E <- List];
plain(Map) when is_map(Map) -> maps:from_list([{plain(K), plain(V)} || {K, V} <- maps:to_list(Map)]);
plain(Number) when is_number(Number) -> Number;
plain(Bytes) when is_binary(Bytes) ->
    case unicode:characters_to_binary(Bytes) of
        Bytes -> Bytes;
        _ -> <<"base64:", (base64:encode(Bytes))/binary>>
    end;
plain(Other) -> iolist_to_binary(io_lib:format("~p", [Other])).
