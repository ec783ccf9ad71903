using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>Finds out what kind of problem labels are of while rows come.</summary>
/// <param name="hasTable">Whether the classes are given, so that no number is to be predicted.</param>
/// <param name="given">The problem that all labels are for; null: what they look like.</param>
internal sealed class LabelKinds(bool hasTable, ProblemType? given)
{
    private bool _hasNames;

    /// <summary>The problem so far; null: no row has come.</summary>
    public ProblemType? Problem { get; private set; }

    /// <summary>Takes the next label into account.</summary>
    /// <exception cref="FormatException">It does not go with those before it.</exception>
    public void Add(RowLabel label)
    {
        if (given is not null)
        {
            Problem = given;
            if (!Suits(label, given.Value))
                throw new FormatException($"label: expected {Named(given.Value)}, got {Shown(label)}");
            return;
        }

        if (label.Value is not null && hasTable)
            throw new FormatException($"label: expected a class, since the classes are given, got the number {label.Value}");
        var problem = label.Classes is not null ? ProblemType.MultiLabelClassification
            : label.Value is not null ? ProblemType.Regression
            : ProblemType.SingleLabelClassification;
        Problem = (Problem, problem) switch
        {
            (null, _) => problem,
            var (before, now) when before == now => problem,

            // Writers of JSON leave the point of 5.0 out.
            (ProblemType.Regression, ProblemType.SingleLabelClassification) when label.Id is not null => ProblemType.Regression,
            (ProblemType.SingleLabelClassification, ProblemType.Regression) when !_hasNames => ProblemType.Regression,
            _ => throw new FormatException($"label: expected {Named(Problem!.Value)} as in the rows before, got {Named(problem)}"), // null is the first case
        };
        _hasNames |= label.Name is not null;
    }

    // An integer may be a number or a class, and a class a list of one.
    private static bool Suits(RowLabel label, ProblemType problem) => problem switch
    {
        ProblemType.Regression => label.Value is not null || label.Id is not null,
        ProblemType.SingleLabelClassification => label.Id is not null || label.Name is not null,
        _ => label.Value is null,
    };

    private static string Shown(RowLabel label)
        => label.Name is { } name ? $"the name {name}" : label.Value is { } value ? $"the number {value}" : "a list of classes"; // an integer never comes here: it suits every problem

    private static string Named(ProblemType problem) => problem switch
    {
        ProblemType.Regression => "a number",
        ProblemType.MultiLabelClassification => "a list of classes",
        _ => "a class",
    };
}
