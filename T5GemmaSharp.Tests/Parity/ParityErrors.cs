using System.Collections.Concurrent;
using System.Globalization;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>Collects the largest error of each key group and, if <c>T5GEMMA_PARITY_REPORT</c> names a file, writes them there.</summary>
[SetUpFixture]
public sealed class ParityErrors
{
    private static readonly ConcurrentDictionary<string, (double Error, string Where)> Largest = new();

    internal static void Record(string group, string where, double error) =>
        Largest.AddOrUpdate(group, (error, where), (_, known) => error > known.Error ? (error, where) : known);

    [OneTimeTearDown]
    public void WriteReport()
    {
        if (Environment.GetEnvironmentVariable("T5GEMMA_PARITY_REPORT") is not { Length: > 0 } path)
            return;
        var lines = Largest.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}\t{pair.Value.Error:E2}\t{pair.Value.Where}"));
        File.WriteAllLines(path, lines.Prepend("key group\tlargest error\tfolder"));
    }
}
