"""Task functions for the engine tests: plain module functions, as engines want them."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

SHARED: dict[str, object] = {}


def square(x):
    return x * x


def slow_square(x, seconds):
    time.sleep(seconds)
    return x * x


def remember(name, value):
    SHARED[name] = value
    SHARED[f"{name} calls"] = SHARED.get(f"{name} calls", 0) + 1


def recall(name):
    return SHARED.get(name), SHARED.get(f"{name} calls")


def fail(text):
    raise ValueError(text)


def fail_in_setup():
    raise ValueError("no data")


def run_out_of_memory():
    raise MemoryError


def leave():
    sys.exit(3)


def leave_abruptly():
    os._exit(7)


def die(number):
    os.kill(os.getpid(), number)
    time.sleep(5)


def die_first_time(flag, x):
    path = Path(flag)
    if not path.exists():
        path.write_text("was here")
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(5)
    return x * x


def spin(seconds=60.0):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "done"


def sleep(seconds):
    time.sleep(seconds)
    return "slept"


def unpicklable():
    return threading.Lock()


def process_id():
    return os.getpid()


def environment(name):
    return os.environ.get(name)


def niceness():
    return os.getpriority(os.PRIO_PROCESS, 0)


def talk():
    sys.stdout.write("this must not reach the standard output of the program\n")
    sys.stdout.flush()


def length(data):
    return len(data)


def many(n):
    return list(range(n))
