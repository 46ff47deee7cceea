"""What the machine itself tells: processor, memory, processes, sensors, optics. Read from /proc, /sys and ioctls;
no process is started for it. Each reader takes the root of the file system, so that a tree of files can stand for it."""
