namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Work on part of a range.</summary>
/// <param name="from">First index.</param>
/// <param name="to">Index behind the last.</param>
/// <param name="worker">Number of the thread within its team, from 0: in one loop no two threads have the same.</param>
internal delegate void RangeWork(int from, int to, int worker);
