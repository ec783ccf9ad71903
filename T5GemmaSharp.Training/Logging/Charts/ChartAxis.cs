using System.Globalization;

namespace T5GemmaSharp.Training.Logging.Charts;

/// <summary>Places values along an axis, evenly or by their logarithm, and chooses the ticks.</summary>
internal sealed class ChartAxis
{
    private const int MostTicks = 6;
    private const int MostSteps = 8;
    private const double LogarithmicFrom = 50; // largest over smallest value

    private readonly bool _isLogarithmic;
    private readonly double _low;
    private readonly double _high;

    private ChartAxis(IReadOnlyList<double> ticks, double low, double high, bool isLogarithmic) => (Ticks, _low, _high, _isLogarithmic) = (ticks, low, high, isLogarithmic);

    /// <summary>Values that are labelled.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>An axis for values of any size: by the logarithm where they are positive and far apart, unless it has to be even.</summary>
    public static ChartAxis ForValues(IReadOnlyCollection<double> values, bool isEven = false)
    {
        var (least, most) = (values.Min(), values.Max());
        return !isEven && least > 0 && most / least >= LogarithmicFrom ? Logarithmic(least, most) : Even(least, most, isWhole: false, isWide: true);
    }

    /// <summary>An axis for numbers of steps, from 0.</summary>
    public static ChartAxis ForSteps(double most) => Even(0, most, isWhole: true, isWide: false);

    /// <summary>Where a value lies: 0 at the low end, 1 at the high end.</summary>
    public double Place(double value) => (Scale(value) - _low) / (_high - _low);

    /// <summary>A tick's label.</summary>
    public static string Label(double value)
    {
        var size = Math.Abs(value);
        var (divisor, suffix) = size >= 1e9 ? (1e9, "G") : size >= 1e6 ? (1e6, "M") : size >= 1e4 ? (1e3, "k") : (1, "");
        return size is > 0 and < 1e-3
            ? value.ToString("0.##e0", CultureInfo.InvariantCulture)
            : (value / divisor).ToString("0.####", CultureInfo.InvariantCulture) + suffix;
    }

    private static ChartAxis Even(double least, double most, bool isWhole, bool isWide)
    {
        if (most <= least) // a single value stands in the middle
            (least, most) = isWhole ? (0, Math.Max(1, most)) : (least - Math.Max(Math.Abs(least), 1e-9) / 2, least + Math.Max(Math.Abs(least), 1e-9) / 2);
        var distance = RoundUp((most - least) / ((isWhole ? MostSteps : MostTicks) - 1));
        if (isWhole)
            distance = Math.Max(1, distance);
        var first = Math.Floor(least / distance + 1e-9);
        var last = isWide ? Math.Ceiling(most / distance - 1e-9) : Math.Floor(most / distance + 1e-9);
        var ticks = Enumerable.Range(0, (int)(last - first) + 1).Select(index => (first + index) * distance).ToList();
        return new ChartAxis(ticks, ticks[0], Math.Max(most, ticks[^1]), isLogarithmic: false);
    }

    private static ChartAxis Logarithmic(double least, double most)
    {
        var (first, last) = ((int)Math.Floor(Math.Log10(least)), (int)Math.Ceiling(Math.Log10(most)));
        var every = (last - first + MostTicks - 1) / MostTicks; // decades between two ticks
        var ticks = Enumerable.Range(first, last - first + 1).Where(power => (power - first) % every == 0).Select(power => Math.Pow(10, power)).ToList();
        return new ChartAxis(ticks, first, last, isLogarithmic: true);
    }

    /// <summary>The next 1, 2 or 5 times a power of ten.</summary>
    private static double RoundUp(double distance)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(distance)));
        var factor = distance / power;
        return power * (factor <= 1 + 1e-9 ? 1 : factor <= 2 + 1e-9 ? 2 : factor <= 5 + 1e-9 ? 5 : 10);
    }

    private double Scale(double value) => _isLogarithmic ? Math.Log10(value) : value;
}
