"""The window of HeliID.

Rooms, from the ground up; each imports only what stands above it in this list:

- ``presenters/``  plain Python, no Qt: values and events in, what-to-show out.
- ``worker.py`` ``tasks.py``  run in the worker process; no Qt either.
- ``jobs.py``  the Qt side of the worker: submit, stop, pause, results, survival of a crash.
- ``theme.py`` ``icons.py`` ``widgets.py``  colours, pictures and small parts that every panel uses.
- ``plots/``  one ``PlotPanel`` class on pyqtgraph, its view box and its styles; no decisions.
- ``panels/``  one file per step of the rail; widgets only: show the presenter, pass on what the
  user did.
- ``views.py``  makes each panel when it is first needed, and wires it.
- ``main_window.py`` ``desk.py`` ``actions.py`` ``app.py``  the window, its menus, its start.

Everything scientific is in ``heliid``; the window neither imports numba, scipy nor pandas before
its first paint. Every change of the set-up is a frozen ``Setup`` value that replaces the last one
(``presenters/setup.py``), so that one undo stack serves all edits.
"""
