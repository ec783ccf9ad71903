using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Training.Logging.Charts;

/// <summary>Charts side by side as an SVG image, which follows the viewer's light or dark scheme and has its own background in both.</summary>
internal static class SvgPage
{
    private const int Columns = 2;

    private const string Style = """
        text { font: 12px system-ui, sans-serif; fill: #444444; }
        .title { font-size: 14px; font-weight: 600; fill: #222222; }
        .page { fill: #ffffff; }
        .grid { stroke: #dddddd; }
        .axis { stroke: #888888; }
        .line { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
        .s0 { stroke: #0072b2; } .s1 { stroke: #d55e00; } .s2 { stroke: #009e73; } .s3 { stroke: #cc79a7; }
        .s4 { stroke: #56b4e9; } .s5 { stroke: #e69f00; } .s6 { stroke: #7f7f7f; } .s7 { stroke: #8c564b; }
        @media (prefers-color-scheme: dark) {
          text { fill: #bbbbbb; } .title { fill: #eeeeee; } .page { fill: #16181c; } .grid { stroke: #33363b; } .axis { stroke: #888888; }
          .s0 { stroke: #56b4e9; } .s1 { stroke: #ff8c42; } .s4 { stroke: #a6d8f5; } .s7 { stroke: #c49c94; }
        }
        """;

    /// <summary>Draws charts.</summary>
    /// <param name="charts">At least one, each with at least one point in every line.</param>
    public static string Write(IReadOnlyList<Chart> charts)
    {
        var (columns, rows) = (Math.Min(Columns, charts.Count), (charts.Count + Columns - 1) / Columns);
        var (width, height) = (columns * SvgChart.Width, rows * SvgChart.Height);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">""").Append('\n');
        svg.Append("<style>\n").Append(Style.ReplaceLineEndings("\n")).Append("\n</style>\n");
        svg.Append(CultureInfo.InvariantCulture, $"""<rect class="page" width="{width}" height="{height}"/>""").Append('\n');
        for (var index = 0; index < charts.Count; index++)
            SvgChart.Write(svg, charts[index], left: index % Columns * SvgChart.Width, top: index / Columns * SvgChart.Height);
        return svg.Append("</svg>\n").ToString();
    }
}
