"""What networks learn: a task draws samples, each of spikes in and of targets out.

    pattern     frozen noise calls up a sum of sinusoids
    evidence    cues are counted, and remembered until they are asked for
    arrays      whatever is given: spikes, and values or classes

A task is a frozen record of what a sample looks like. What any other has to have, too:

    task.generate(seeds, epoch)     `Samples` of len(seeds) replicas: replica r depends on seeds[r]
                                    and on the epoch alone; those of epoch 0 are the frozen ones
    task.classes                    whether targets are classes, 1 for the right one: the loss is
                                    cross-entropy then, and the mean of squares otherwise
"""

from pcmlib.tasks.evidence import EvidenceTask
from pcmlib.tasks.pattern import PatternTask, draw_task
from pcmlib.tasks.samples import ArraysTask, Samples

TASKS: dict[str, type[PatternTask | EvidenceTask | ArraysTask]] = {
    "pattern": PatternTask,
    "evidence": EvidenceTask,
    "arrays": ArraysTask,
}

__all__ = ["TASKS", "ArraysTask", "EvidenceTask", "PatternTask", "Samples", "draw_task"]
