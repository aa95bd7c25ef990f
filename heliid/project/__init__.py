"""The saved document: everything the engineer did, in one file that is never half written."""

from heliid.project.container import read_container, write_container
from heliid.project.document import Project, ProjectRecord, Run, load_project, save_project

__all__ = [
    "Project",
    "ProjectRecord",
    "Run",
    "load_project",
    "read_container",
    "save_project",
    "write_container",
]
