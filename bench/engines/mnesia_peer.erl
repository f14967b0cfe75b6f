%% One node of Mnesia for bench/engines, which speaks to it line by line over standard input and output.
%% peer.go is the same for HexHub's store, and protocol.go says what the commands mean.
-module(mnesia_peer).
-export([main/0]).

-define(PER_PACKAGE, 12).
-record(release, {key, package, version, published, inner, outer, requirements, description, downloads = 0}).

main() ->
    ok = io:setopts(standard_io, [binary, {encoding, latin1}]),
    ok = boot(os:getenv("PEER_TICKET")),
    register(syncer, spawn(fun syncer/0)),
    say("ready"),
    serve().

%% Boot founds a cluster, joins one, or comes back to it.
boot(Ticket) ->
    case {filelib:is_regular(filename:join(mnesia:system_info(directory), "schema.DAT")), Ticket} of
        {true, _} -> ok = mnesia:start();
        {false, "found"} -> ok = found();
        {false, First} -> ok = join(list_to_atom(First))
    end,
    mnesia:wait_for_tables([release], infinity).

found() ->
    ok = mnesia:create_schema([node()]),
    ok = mnesia:start(),
    {atomic, ok} = mnesia:create_table(release, [
        {disc_copies, [node()]}, {attributes, record_info(fields, release)}, {index, [package]},
        {storage_properties, [{ets, [{read_concurrency, true}]}]}
    ]),
    ok.

join(First) ->
    true = net_kernel:connect_node(First),
    ok = mnesia:start(),
    {ok, [_ | _]} = rpc:call(First, mnesia, change_config, [extra_db_nodes, [node()]]),
    {atomic, ok} = mnesia:change_table_copy_type(schema, node(), disc_copies),
    {atomic, ok} = mnesia:add_table_copy(release, node(), disc_copies),
    ok.

serve() ->
    case io:get_line(standard_io, '') of
        Line when is_binary(Line) ->
            try command(binary:split(string:trim(Line), <<" ">>, [global])) of
                Said -> say(["ok", [[" ", Word] || Word <- Said]])
            catch
                Class:Why -> say(["error ", flat(io_lib:format("~0p ~0p", [Class, Why]))])
            end,
            serve();
        _ ->
            halt(0)
    end.

say(Text) -> io:put_chars([Text, "\n"]).

flat(Text) -> re:replace(Text, "\\s+", " ", [global]).

command([<<"version">>]) ->
    {ok, Mnesia} = application:get_key(mnesia, vsn),
    ["Mnesia", [Mnesia, ","], "OTP", [erlang:system_info(otp_release), ","], "erts", erlang:system_info(version)];
command([<<"invite">>]) ->
    [atom_to_list(node())];
command([<<"leads">>]) ->
    ["false"]; % nobody does
command([<<"remove">>, Name]) ->
    {atomic, ok} = mnesia:del_table_copy(schema, node_named(Name)),
    [];
command([<<"whole">>, Count]) ->
    Nodes = binary_to_integer(Count),
    until(fun() -> length(mnesia:table_info(release, active_replicas)) =:= Nodes end),
    [];
command([<<"rows">>, File]) ->
    Rows = rows(File),
    persistent_term:put(keys, list_to_tuple([Row#release.key || Row <- Rows])),
    persistent_term:put(packages, list_to_tuple(lists:usort([Row#release.package || Row <- Rows]))),
    persistent_term:put(samples, list_to_tuple(lists:sublist(Rows, 1000))),
    [];
command([<<"load">>, File]) ->
    load(rows(File)),
    [];
command([<<"size">>]) ->
    [integer_to_list(mnesia:table_info(release, size))];
command([<<"run">>, Deed, Clients, Millis, Seed]) ->
    run(deed(Deed), binary_to_integer(Clients), binary_to_integer(Millis), binary_to_integer(Seed));
command([<<"flood">>, Deed, Clients, Millis, Prefix]) ->
    flood(writing(Deed), binary_to_integer(Clients), binary_to_integer(Millis), Prefix);
command([<<"write">>, Deed, Key, Millis]) ->
    Write = writing(Deed),
    ok = within(binary_to_integer(Millis), fun() -> Write(sample(1, Key)) end),
    [];
command([<<"missing">>, File]) ->
    {ok, Text} = file:read_file(File),
    Keys = binary:split(Text, <<"\n">>, [global, trim]),
    [integer_to_list(length([Key || Key <- Keys, mnesia:dirty_read(release, Key) =:= []]))];
command([<<"quit">>]) ->
    stopped = mnesia:stop(),
    say("ok"),
    halt(0).

node_named(Name) -> binary_to_atom(<<Name/binary, "@127.0.0.1">>).

until(Holds) ->
    case Holds() of
        true -> ok;
        false -> timer:sleep(20), until(Holds)
    end.

%% Rows reads the records that both engines are given.
rows(File) ->
    {ok, Text} = file:read_file(File),
    [row(Line) || Line <- binary:split(Text, <<"\n">>, [global, trim])].

row(Line) ->
    [Key, Package, Version, Published, Inner, Outer, Requirements, Description] =
        [binary:copy(Field) || Field <- binary:split(Line, <<"\t">>, [global])],
    #release{
        key = Key, package = Package, version = Version, published = binary_to_integer(Published),
        inner = Inner, outer = Outer, description = Description,
        requirements = [list_to_tuple(binary:split(R, <<"|">>, [global])) || R <- binary:split(Requirements, <<";">>, [global])]
    }.

load([]) ->
    dumped = mnesia:dump_log(),
    ok;
load(Rows) ->
    {Now, Later} = lists:split(min(1000, length(Rows)), Rows),
    {atomic, ok} = mnesia:sync_transaction(fun() -> lists:foreach(fun write/1, Now) end),
    load(Later).

write(Row) -> mnesia:write(release, Row, write).

%% Deed returns what a client does once, with a number that chooses the row.
deed(<<"read">>) ->
    fun(X) -> Key = pick(keys, X), {atomic, [_]} = mnesia:transaction(fun() -> mnesia:read(release, Key) end) end;
deed(<<"dirty_read">>) ->
    fun(X) -> [_] = mnesia:dirty_read(release, pick(keys, X)) end;
deed(<<"index_read">>) ->
    fun(X) ->
        Package = pick(packages, X),
        {atomic, [_ | _]} = mnesia:transaction(fun() -> mnesia:index_read(release, Package, #release.package) end)
    end;
deed(<<"dirty_index_read">>) ->
    fun(X) -> [_ | _] = mnesia:dirty_index_read(release, pick(packages, X), #release.package) end;
deed(<<"put_", Way/binary>>) ->
    Write = writing(Way),
    fun(X) -> ok = Write(sample(X, pick(keys, X))) end;
deed(Way) ->
    Commit = committing(Way),
    fun(X) ->
        Key = pick(keys, X),
        ok = Commit(fun() ->
            [Row] = mnesia:read(release, Key, write),
            write(Row#release{downloads = Row#release.downloads + 1})
        end)
    end.

%% Writing returns what writes one row.
writing(<<"dirty">>) -> fun mnesia:dirty_write/1;
writing(<<"sync_dirty">>) -> fun(Row) -> mnesia:sync_dirty(fun write/1, [Row]) end;
writing(Way) -> Commit = committing(Way), fun(Row) -> Commit(fun() -> write(Row) end) end.

%% Committing returns what runs a transaction and returns when it is as safe as it is to be.
committing(<<"transaction">>) -> fun(Do) -> atomically(transaction, Do) end;
committing(<<"sync_transaction">>) -> fun(Do) -> atomically(sync_transaction, Do) end;
committing(<<"disk", Nodes/binary>>) ->
    Disks = binary_to_integer(Nodes),
    fun(Do) -> ok = atomically(sync_transaction, Do), on_disk(Disks) end.

atomically(How, Do) ->
    {atomic, ok} = mnesia:How(Do),
    ok.

%% On_disk returns when the transactions that so many nodes have heard of are on their disks, this node's among them.
on_disk(Disks) ->
    Others = lists:sublist(lists:delete(node(), mnesia:table_info(release, active_replicas)), Disks - 1),
    lists:foreach(fun await/1, [ask({syncer, Node}) || Node <- [node() | Others]]).

ask(Syncer) ->
    Ref = monitor(process, Syncer),
    Syncer ! {self(), Ref},
    Ref.

await(Ref) ->
    receive
        {Ref, synced} -> demonitor(Ref, [flush]);
        {'DOWN', Ref, process, _, Why} -> error(Why)
    end.

%% Syncer syncs the log once for all who wait: mnesia:sync_log alone would sync once for each of them.
syncer() ->
    receive One -> serve_all([One | waiting()]) end,
    syncer().

serve_all(Asking) ->
    ok = mnesia:sync_log(),
    lists:foreach(fun({Who, Ref}) -> Who ! {Ref, synced} end, Asking).

waiting() ->
    receive One -> [One | waiting()] after 0 -> [] end.

pick(What, X) ->
    All = persistent_term:get(What),
    element(1 + X rem tuple_size(All), All).

%% Sample is a row with that key, which tells package and version, and all else of some other row.
sample(X, Key) ->
    [Package, Version] = binary:split(Key, <<"/">>),
    (pick(samples, X))#release{key = Key, package = Package, version = Version}.

%% Next is the generator that peer.go has, too: cheap, so that neither engine is measured by it.
next(X) -> (X * 1103515245 + 12345) band 16#7fffffff.

run(Do, Clients, Millis, Seed) ->
    Began = erlang:monotonic_time(microsecond),
    End = Began + Millis * 1000,
    Counts = together(Clients, fun(Client) -> repeat(Do, next(Seed * 1000 + Client), End, 0) end),
    [integer_to_list(lists:sum(Counts)), integer_to_list(erlang:monotonic_time(microsecond) - Began)].

repeat(Do, X, End, Count) ->
    case erlang:monotonic_time(microsecond) < End of
        true -> Do(X bsr 8), repeat(Do, next(X), End, Count + 1);
        false -> Count
    end.

%% Flood writes new rows, and tells of each that was acknowledged.
flood(Write, Clients, Millis, Prefix) ->
    End = erlang:monotonic_time(microsecond) + Millis * 1000,
    together(Clients, fun(Client) -> pour(Write, [Prefix, $., integer_to_binary(Client), $.], End, 1) end),
    [].

pour(Write, Prefix, End, N) ->
    case erlang:monotonic_time(microsecond) < End of
        true ->
            Key = iolist_to_binary([Prefix, integer_to_binary(N div ?PER_PACKAGE), $/, integer_to_binary(N)]),
            try Write(sample(N, Key)) of
                ok -> say(["ack ", Key])
            catch
                _:_ -> timer:sleep(10)
            end,
            pour(Write, Prefix, End, N + 1);
        false ->
            ok
    end.

%% Together runs clients and returns what each said; the first to fail fails all.
together(Clients, Do) ->
    Running = [spawn_monitor(fun() -> exit({said, Do(Client)}) end) || Client <- lists:seq(1, Clients)],
    [receive {'DOWN', Ref, process, _, {said, Said}} -> Said; {'DOWN', Ref, process, _, Why} -> error(Why) end || {_, Ref} <- Running].

within(Millis, Do) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({said, Do()}) end),
    receive
        {'DOWN', Ref, process, _, {said, Said}} -> Said;
        {'DOWN', Ref, process, _, Why} -> error(Why)
    after Millis ->
        exit(Pid, kill),
        erlang:demonitor(Ref, [flush]),
        error(timeout)
    end.
