using System.Text.Json.Serialization;

namespace T5GemmaSharp.Configuration;

/// <summary>Loss of a sequence classification head.</summary>
/// <remarks>HF: <c>problem_type</c>.</remarks>
[JsonConverter(typeof(SnakeCaseEnumConverter<ProblemType>))]
public enum ProblemType
{
    /// <summary>Mean squared error on float labels.</summary>
    Regression,

    /// <summary>Cross-entropy on one class id a row.</summary>
    SingleLabelClassification,

    /// <summary>Binary cross-entropy on a float vector a row.</summary>
    MultiLabelClassification,
}
