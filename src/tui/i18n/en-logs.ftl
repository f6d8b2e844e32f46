# Logs of an environment.
context-log-page = Collected logs
context-log-tree = Sources of logs
context-log-pick = Marked lines, saved views
crumb-logs = Logs
crumb-log-around = around a line
crumb-log-instance = instance { $id }
act-output = what the last job printed on the node
act-service-logs = what the services of the node wrote in that second
hint-service-logs = services
act-log-filter = show only some lines
hint-log-filter = filter
act-find = search for a regular expression
hint-find = search
act-time-stamps = times: local, UTC, from the selected line, none
hint-time-stamps = times
act-mark-line = mark the line, with a note
hint-mark-line = mark
act-marks = marked lines
act-around = the lines around this one, without the filter
hint-around = around
act-trace-request = this request on all nodes
hint-trace-request = request
act-trace-instance = this instance on all nodes
act-views = saved views
hint-views = views
act-save-view = save this view
act-collect = collect logs, or stop it
hint-collect = collect
act-take-away = take it away
hint-take-away = remove
act-last-all = all times
act-last-5m = the last 5 minutes
act-last-15m = the last 15 minutes
act-last-1h = the last hour
act-last-6h = the last 6 hours
act-last-24h = the last 24 hours
act-last-7d = the last 7 days
stamps-local = local time
stamps-utc = UTC
stamps-relative = from the line
stamps-none = no times
collect-off = not collected
collect-connecting = connecting
collect-following = followed
collect-behind = behind by { $size }, { $age }
collect-failed = fails since { $since }: { $why }
collect-ended = read to its end
collect-unknown = unknown state
collect-do-backfill = fetch earlier lines as well
collect-do-keep = how long and how much is kept
collect-do-off = stop collecting
field-log-what = What
field-log-hours = Hours back
hint-log-hours = Lines of so many hours before now are fetched, too; 0: only what comes.
field-log-days = Days kept
hint-log-days = 0: as long as there is room.
field-log-mib = MiB kept
fault-log-number = A number from 0 to { $most }.
log-collect-title = Collecting logs
log-collect-on-title = Collect logs
log-collect-what = { $count ->
    [one] The logs of the services on 1 node are followed and kept on this host.
   *[other] The logs of the services on { $count } nodes are followed and kept on this host.
  }
log-collect-goes = Logs are collected.
log-collect-ended = Logs are not collected any more; what is here stays.
field-log-note = Note
hint-log-note = Everybody who reads these logs sees it; it may stay empty.
log-mark-title = Mark this line
field-log-view = Name
hint-log-view = One of the same name is replaced.
log-view-title = Save this view
log-view-saved = Saved as { $name }.
log-view-none = There is no view { $name }.
log-export-title = Export these lines
field-log-path = File
hint-log-path = .txt: lines to read; .jsonl: a JSON object a line.
logs-prompt-filter = filter:{" "}
logs-prompt-find = search:{" "}
logs-hint-filter = level>=warning node=… service=… request=… since=1h "text" !"not this" · Tab completes · Enter keeps · Esc clears
logs-hint-find = a regular expression, small letters match large ones · Enter searches, n and N go on · Esc clears
logs-fault = Column { $column }: { $why }
logs-sources = Sources
logs-all-sources = everything
logs-job = job { $id } · { $kind }
logs-collected = collected, switched on by { $by }
logs-kept = { $size }, { $records } lines
logs-clock = its clock is off by { $off }; times here are corrected
logs-last-line = last line { $at }
logs-record-title = { $service } on { $node }
logs-time = Time
logs-guessed = not told by the line
logs-level = Level
logs-service = Service
logs-pid = Process
logs-component = Component
logs-request = Request
logs-global-request = Global request
logs-instance = Instance
logs-user = User
logs-project = Project
logs-domain = Domain
logs-file = File
logs-format = Format
logs-finding = Known as
logs-note = Note
logs-raw = As it came:
logs-cut = … { $size } more are not shown
logs-more-lines = ⏎ +{ $count }
logs-all-lines = all lines
logs-finding-text = search { $what }
logs-searching = searching { $at }
logs-exporting = exporting, { $count } lines
logs-export-stopped = The export was stopped; nothing was written.
logs-export-cut = A file holds { $size } at most; the rest is missing.
logs-follows = following
logs-more-below = more below
logs-wraps = wrapped
logs-of-request = request { $id }
logs-of-instance = instance { $id }
logs-trace-is = { $count ->
    [one] 1 line
   *[other] { $count } lines
  } on { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
  } in { $span }
logs-trace-empty = No line names it any more.
logs-no-next = No line after this one matches { $what }.
logs-no-previous = No line before this one matches { $what }.
logs-no-search = Nothing is searched for yet: S.
logs-no-request = This line belongs to no request.
logs-no-instance = This line names no instance.
logs-nothing-matches = No line matches { $filter }.
logs-nothing-matches-do = / changes the filter, Esc goes back to the one before, 0 looks at all times.
logs-off = The logs of this environment are not collected.
logs-off-do = C switches it on: the files and units of the modules on each node are followed over SSH.
logs-off-ask = An operator can switch it on here with C.
logs-nothing-yet = Nothing has come yet.
logs-nothing-yet-do = Tab shows the sources and what is wrong with them.
logs-marks-title = Marked lines
logs-marks-empty = No line is marked: m marks one.
logs-mark-gone = (not kept any more)
logs-views-title = Saved views
logs-views-empty = No view is saved: V saves this one.
logs-which-env = Logs of which environment? Select one first.
refused-no-line = There is no line here.
refused-log-export = An export is under way: Esc stops it.
act-histogram = how many lines there were when
hint-histogram = bars
act-earlier = one bar of the histogram back
act-later = one bar of the histogram on
act-pane-add = another pane beside this one
hint-pane-add = split
act-pane-close = close this pane
act-link = panes share their time, or do not
act-compare = compare the step's output with another node's
hint-compare = compare
act-numbers = numbers count as differences, or do not
hint-numbers = numbers
context-compare = Output of two nodes
bars-errors = errors
bars-warnings = warnings
bars-all = all lines
bars-empty = Nothing to count.
bars-partly = partly
logs-panes-max = { $count } panes are the most.
logs-last-pane = This is the only pane; Esc leaves.
logs-linked = The panes share their time.
logs-not-linked = Every pane has its own time.
logs-is-linked = linked
crumb-compare = { $step }: { $a } and { $b }
compare-alone = There is no other node in this job.
compare-title = Compare { $step }
field-compare-with = With node
compare-cut = first { $size }
compare-no-more = No more differences in this direction.
compare-not-run = { $name } has not run this step.
compare-is = { $count ->
    [0] No difference
    [one] 1 difference
   *[other] { $count } differences
  } · { $numbers }
compare-numbers-count = numbers count
compare-numbers-not = numbers do not count
hint-next-match = next
hint-previous-match = before
refused-in-trace = These are the lines of one request or instance; Esc goes back to the others.
# Loki as a source.
logs-prompt-query = LogQL:{" "}
logs-hint-query = {"{"}label="value"{"}"} |= "text" | json · Tab completes labels and values · Enter asks Loki · Esc keeps what is shown
loki-source-how = Enter asks it with LogQL, / changes the query.
loki-live = live
loki-asked = Loki is asked: { $query }
loki-nothing = Loki has nothing for { $query }
loki-nothing-do = / changes the query (Tab completes labels and values), 0 to 6 the time.
loki-dropped = { $count } lines came too fast and are not shown here; they are in Loki.
loki-tail-ended = Following ended: { $why } (f follows again)
loki-labels = Labels:
loki-metadata = Structured metadata:
loki-parsed = What the query found in the line:
loki-entry-title = Entry of Loki
refused-in-loki = This goes with collected logs only; these lines are Loki's.

# What is wrong with a filter.
filter-fault-words = a filter has at most { $most } words
filter-fault-quote = the quote that begins here has no end
filter-fault-not = '!' goes before a text, not before the field { $field }
filter-fault-value = { $field }= needs a value
filter-fault-level = '{ $value }' is no level: the levels are trace, debug, info, notice, warning, error and critical
filter-fault-field = there is no field { $field }: the fields are { $fields }; to search for this text, put it in quotes
filter-fault-job = step= and attempt= need job=, the number of the job
filter-fault-empty = an empty text would match everything
filter-fault-regex = the regular expression { $pattern } is wrong: { $why }
filter-fault-regex-size = the regular expression { $pattern } is too large
filter-fault-number = { $field }={ $value }: this is no number
filter-fault-time = '{ $value }' is no time: say how long ago (90m, 12h, 7d), or a date or time (2026-03-01, 2026-03-01T07:02:09Z)
error-no-log-record = There is no record { $cursor }: it is not kept any more, or never was.
error-log-id = '{ $id }' is too short to be an id.
error-log-marks = { $most } marks are the most that are kept: remove some first.
error-log-note = A note has at most { $most } characters.
error-log-nothing = What is to be looked for?
error-log-search = A search broke off: { $why }
error-log-view-long = The filters of this view are too long to be kept.
error-log-view-name = A view needs a name of 1 to { $most } characters.
error-log-view-panes = A view has at most { $most } panes.
error-log-views = { $most } views are the most that are kept: remove some first.
