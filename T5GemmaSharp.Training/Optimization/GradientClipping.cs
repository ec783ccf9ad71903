namespace T5GemmaSharp.Training.Optimization;

/// <summary>Limits the size of a gradient.</summary>
public static class GradientClipping
{
    /// <summary>Factor that brings a gradient of this norm down to the limit; 1 when it is within.</summary>
    /// <param name="norm">Norm of the gradient.</param>
    /// <param name="limit">Largest norm; 0 for no limit.</param>
    public static double Factor(double norm, double limit) => limit > 0 ? Math.Min(1, limit / (norm + 1e-6)) : 1;
}
