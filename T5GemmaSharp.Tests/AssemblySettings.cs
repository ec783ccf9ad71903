using NUnit.Framework;

// torch's default generator, grad mode and thread count are process-wide, and each calling thread gets its own OpenMP team.
[assembly: NonParallelizable]
