using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Serve;

/// <summary>Gathers what meters of some names measure and writes it in the text format of Prometheus.</summary>
internal sealed class Metrics : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const int MostSeries = 1000; // of one instrument; beyond, new combinations of tags are left out

    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Tags), Series> _series = [];
    private readonly ConcurrentDictionary<Instrument, int> _counts = [];

    public Metrics(params string[] meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter.Name))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>All series.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var group in _series.GroupBy(pair => pair.Key.Instrument).OrderBy(group => group.Key.Name, StringComparer.Ordinal))
        {
            var (name, kind) = (NameOf(group.Key), KindOf(group.Key));
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {group.Key.Description?.Replace('\n', ' ')}\n# TYPE {name} {kind}\n");
            foreach (var ((_, tags), series) in group.OrderBy(pair => pair.Key.Tags, StringComparer.Ordinal))
                series.Write(text, name, tags);
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = (instrument, Labels(tags));
        if (!_series.TryGetValue(key, out var series))
        {
            if (_counts.AddOrUpdate(instrument, 1, (_, count) => count + 1) > MostSeries)
                return;
            series = _series.GetOrAdd(key, _ => new Series(KindOf(instrument) == "histogram" ? Bounds(instrument) : null, instrument.IsObservable || KindOf(instrument) == "gauge" && !IsSum(instrument)));
        }

        series.Add(value);
    }

    private static double[] Bounds(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => DefaultBounds,
    };

    private static string KindOf(Instrument instrument) => Kind(instrument) switch
    {
        "Histogram" => "histogram",
        "Counter" or "ObservableCounter" => "counter",
        _ => "gauge",
    };

    private static bool IsSum(Instrument instrument) => Kind(instrument) == "UpDownCounter";

    private static string Kind(Instrument instrument) => instrument.GetType().Name.Split('`')[0];

    private static string NameOf(Instrument instrument)
        => Name(instrument.Name) + (instrument.Unit == "s" ? "_seconds" : "") + (KindOf(instrument) == "counter" ? "_total" : "");

    private static string Name(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<string>();
        foreach (var (name, value) in tags)
            labels.Add($"{Name(name)}=\"{Convert.ToString(value, CultureInfo.InvariantCulture)?.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"");
        labels.Sort(StringComparer.Ordinal);
        return string.Join(',', labels);
    }

    /// <summary>One combination of tags.</summary>
    private sealed class Series(double[]? bounds, bool replaces)
    {
        private readonly long[] _buckets = new long[bounds?.Length ?? 0];
        private readonly Lock _lock = new();
        private double _sum;
        private long _count;

        public void Add(double value)
        {
            lock (_lock)
            {
                _sum = replaces ? value : _sum + value;
                _count++;
                for (var index = 0; index < _buckets.Length; index++)
                    _buckets[index] += value <= bounds![index] ? 1 : 0; // as many as buckets
            }
        }

        public void Write(StringBuilder text, string name, string tags)
        {
            lock (_lock)
            {
                var all = tags.Length == 0 ? "" : $"{{{tags}}}";
                if (bounds is null)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{all} {_sum}\n");
                    return;
                }

                var more = tags.Length == 0 ? "" : tags + ",";
                for (var index = 0; index < bounds.Length; index++)
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{more}le=\"{bounds[index]}\"}} {_buckets[index]}\n");
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{more}le=\"+Inf\"}} {_count}\n{name}_sum{all} {_sum}\n{name}_count{all} {_count}\n");
            }
        }
    }
}
